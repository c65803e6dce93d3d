<?php
/* Test sample: a shop confirms an order. */
$number = (int) ($_GET['order'] ?? 0);
$to = 'customer' . $number . '@example.org';
$text = "Dear customer,\n\nthank you for order $number. We ship it tomorrow.\n\n-- \nYour shop\n";
$sent = mail($to, "Your order $number", $text, "From: orders@shopb.test\r\nReply-To: orders@shopb.test");
echo $sent ? 'order confirmed' : 'mail failed';
