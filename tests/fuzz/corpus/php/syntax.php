<?php $a="x{$b[1]->c}y${d}z$e[f]"; echo <<<EOT
 a $b {$c} 
 EOT; `ls $x`; $f=fn($x)=>$x+1; class A extends B { public $p=1; const C="c"; function m(){ return $this->p; } } ?>tail<?= $_GET["x"] ?>