/*
 * packed - programs in disguise
 */

rule packed_eval_decoder
{
	meta:
		group = "packing"
		weight = 60
		description = "the result of a decoder is run at once"
		since = "0.1"
		reference = "eval(gzinflate(base64_decode(..)))"
	strings:
		$a = /\b(eval|assert)\s?\(\s?([@"'?>.\s(;]{1,8}|<\?php\s?['"]\s?\.){0,4}(gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode|strrev|rawurldecode|urldecode|convert_uudecode|hex2bin|pack|bzdecompress|html_entity_decode|unserialize|openssl_decrypt|mcrypt_decrypt)\s?\(/ nocase
		$b = /\b(eval|assert)\s?\/\*[^*]{0,40}\*\/\s?\(/ nocase
		$eval = /\b(eval|assert)\b/ nocase
		$out = /(\/\/|#|\/\*)[ \t]{0,20}@?(eval|assert)\b/ nocase
	condition:
		any of ($a,$b) and (#out == 0 or #eval > #out)
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_eval_literal
{
	meta:
		group = "packing"
		weight = 60
		description = "a long literal is decoded and run at once"
		since = "0.1"
		reference = "eval(base64_decode('..')): licence checks do it too"
	strings:
		$c = /\beval\s?\(\s?(["']\?>["']\s?\.\s?)?@?(base64_decode|rawurldecode|urldecode|hex2bin)\s?\(\s?['"][A-Za-z0-9+\/=%]{120}/ nocase
		$eval = /\b(eval|assert)\b/ nocase
		$out = /(\/\/|#|\/\*)[ \t]{0,20}@?(eval|assert)\b/ nocase
	condition:
		$c and (#out == 0 or #eval > #out)
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_decoder_nest
{
	meta:
		group = "packing2"
		weight = 60
		description = "decoders within decoders"
		since = "0.1"
		reference = "eval(gzinflate(str_rot13(base64_decode(..))))"
	strings:
		$a = /\b(gzinflate|gzuncompress|gzdecode|str_rot13|strrev|convert_uudecode|hex2bin|bzdecompress)\s?\(\s?@?(gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode|strrev|rawurldecode|convert_uudecode|hex2bin|bzdecompress)\s?\(\s?@?(gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode|strrev|rawurldecode|convert_uudecode|hex2bin|bzdecompress|['"][A-Za-z0-9+\/=]{200})/ nocase
		$b = /\beval\s?\(\s?(["']\?>["']\s?\.\s?)?@?(gzinflate|gzuncompress|gzdecode|str_rot13|strrev|convert_uudecode|bzdecompress)\s?\(\s?@?(base64_decode|str_rot13|strrev|gzinflate|rawurldecode|hex2bin)\s?\(/ nocase
		$d = /\bassert\s?\(\s?@?(base64_decode|gzinflate|str_rot13|strrev|gzuncompress)\s?\(/ nocase
		$eval = /\b(eval|assert)\b/ nocase
		$show = /\b(echo|print)\b/ nocase
		$out = /(\/\/|#|\/\*)[ \t]{0,20}@?(eval|assert)\b/ nocase
	condition:
		any of ($a,$b,$d) and (#out == 0 or #eval > #out)
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
		and ($b or $d or view > 0 or has_php == 0 or $eval or $show or php_dynamic_calls > 0 or
		php_write_count > 0 or php_create_function > 0 or php_include_odd > 0 or
		php_preg_e > 0 or php_callback_sinks > 0 or php_broken > 0 or php_hidden_calls > 0)
}

rule packed_known_packer
{
	meta:
		group = "packing2"
		weight = 70
		description = "made by a free obfuscator that honest vendors do not use"
		since = "0.1"
		reference = "FOPO, O0-names, phpjiami-like encoders"
	strings:
		$a = "Obfuscation provided by FOPO" nocase
		$b = /\$[O0]{6,20}\s?=\s?urldecode\s?\(/
		$c = /\$(O0O|OO0|O00|OOO|0O0|00O)[O0_]{2,17}\s?\.?=\s?\$[O0_]{5,20}[\[{]\d/
		$d = /PHP ?Jia ?Mi\.com|phpjm\.net|PHP Encode (v1\.0 )?by|[^-]\bEncode by[ :]|zeura\.com|weidun\.com|cha88\.cn|gaijin\.at|mobilefish\.com\/services\/php_obfuscator|byterun|pipsomania|php-?obfuscat/ nocase
		$e = /\$_[A-F0-9]{6,}_?\s?=\s?__FILE__/
		$f = /\$[O0]{4,20}\(\$[O0]{4,20}\(|eval\s?\(\s?\$[O0Il1_]{5,20}\s?[\(\[{]/
		$g = /\$(IlI|IIl|lIl|llI|Il1|l1I|lll|III|I1l|1Il)[Il1]{5,27}\s?=/
	condition:
		any of them
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_mixed_escapes
{
	meta:
		group = "packing2"
		weight = 90
		description = "letters written as hex and octal escapes in turns"
		since = "0.1"
		reference = "names hidden from a search"
	strings:
		$a = /\\x[4-7][0-9a-f]\\1[0-7]{2}(\\x[4-7][0-9a-f]|\\1[0-7]{2}|[a-z_]){2}/ nocase
		$b = /\\1[0-7]{2}\\x[4-7][0-9a-f](\\x[4-7][0-9a-f]|\\1[0-7]{2}|[a-z_]){2}/ nocase
	condition:
		any of them
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_globals_hex
{
	meta:
		group = "packing2"
		weight = 90
		description = "$GLOBALS or ${..} with names written as escapes"
		since = "0.1"
		reference = "name hiding"
	strings:
		$a = /\$\{\s?"(\\[xX][0-9a-fA-F]{2}|\\[0-7]{2,3}|[A-Z_]){6,}"\s?\}/
		$b = /\$\{"\\x47\\?x?4?c?/ nocase
		$c = /\$GLOBALS\s?\[\s?['"]?(\\x[0-9a-f]{2}|\\[0-7]{3})/ nocase
		$d = /\$GLOBALS\s?\[\s?['"]\w{1,12}['"]\s?\]\s?=\s?("(\\x[0-9a-f]{2}|\\[0-7]{2,3}){10}|Array\s?\(\s?base64_decode|\$GLOBALS\s?\[\s?['"]\w{1,12}['"]\]\s?[\[{]\d)/ nocase
		$e = /\$GLOBALS\s?\[\s?\$GLOBALS\s?\[/ nocase
		$f = /\$\{\s?\$\{\s?"/
	condition:
		any of them
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_index_words
{
	meta:
		group = "packing2"
		weight = 90
		description = "words put together letter by letter from a long string"
		since = "0.1"
		reference = "character picking"
	strings:
		$a = /(\]\.\$|\] \. \$|\}\.\$|\} \. \$)\w{1,30}[\[{]\d{1,3}(\]\.\$|\] \. \$|\}\.\$|\} \. \$)\w{1,30}[\[{]\d{1,3}(\]\.\$|\] \. \$|\}\.\$|\} \. \$)\w{1,30}[\[{]\d{1,3}(\]\.\$|\] \. \$|\}\.\$|\} \. \$)\w{1,30}[\[{]\d{1,3}(\]\.\$|\] \. \$|\}\.\$|\} \. \$)\w{1,30}[\[{]\d{1,3}(\]\.\$|\] \. \$|\}\.\$|\} \. \$)\w{1,30}[\[{]\d{1,3}/
		$b = /(\]\.\$|\] \. \$|\}\.\$|\} \. \$)\w{1,30}[\[{][1-9]\d{1,2}(\]\.\$|\] \. \$|\}\.\$|\} \. \$)\w{1,30}[\[{][1-9]\d{1,2}(\]\.\$|\] \. \$|\}\.\$|\} \. \$)\w{1,30}[\[{][1-9]\d{1,2}[\]}]/
		$c = /(\$GLOBALS\s?\[\s?['"]\w{1,20}['"]\]\s?[\[{]\s?\d{1,3}\s?[\]}]\s?\.?\s?){3}/
		$d = /(substr\s?\(\s?\$\w{1,20}\s?,\s?\d{1,3}\s?,\s?\d\s?\)\s?\.\s?){4}/ nocase
		$e = /(\$\{?['"]?\w{1,30}['"]?\}?[\[{]\s?0x[0-9a-f]{1,3}\s?[\]}]\s?\.\s?){3}/ nocase
		$f = /(\$\w{1,30}\[(["']\d{1,3}["']|\d{1,3})\]\.){8}/
		$g = /(\$\w{1,30}\[["']?\d{1,3}["']?\]\.){4}\$\w{1,30}\[["']?\d{2,3}["']?\]\./
		$app = /\bnamespace\s|\bclass\s+\w|\bextends\s|ABSPATH|sscanf|hexdec|preg_match|imagecolor|ip2long|\$rgb|\$hex|\$colou?r|uuid/ nocase
	condition:
		((any of ($a,$b,$c,$d,$e,$f) and not $app) or ($f and $g))
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_chr_words
{
	meta:
		group = "packing2"
		weight = 70
		description = "words put together with chr()"
		since = "0.1"
		reference = "name hiding"
	strings:
		$a = /(chr\s?\(\s?(0x)?(6[1-9a-f]|7[0-9a-f]|9[5-9]|1[01]\d|12[0-2])\s?([-+^]\s?\d{1,4}\s?)?\)\s?\.\s?){4}/ nocase
		$b = /(\)\.\$|\) \. \$)\w{1,20}\(\d{2,3}(\)\.\$|\) \. \$)\w{1,20}\(\d{2,3}(\)\.\$|\) \. \$)\w{1,20}\(\d{2,3}(\)\.\$|\) \. \$)\w{1,20}\(\d{2,3}\)/
		$c = /(chr\s?\(\s?\d{1,4}\s?[-+*\/^]\s?\d{1,4}\s?\)\s?\.?\s?){3}/ nocase
	condition:
		any of them
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_bit_strings
{
	meta:
		group = "packing2"
		weight = 90
		description = "words made by xor, or, and of strings"
		since = "0.1"
		reference = "name hiding"
	strings:
		$b = /[^\s(,=!.?:\[]("\^"|'\^'|"\^'|'\^"|" \^ "|' \^ ')[^\n=,)\]][^\n]{0,59}["'][;.)]/
		$c = /(=~|= ~|\(~)["']?[\x80-\xff]{3}/
		$d = /("\^"|"\|"|'\^'|'\|').("\)\.\("|'\)\.\('|"\) \. \("|'\) \. \(')/
		$e = /=["']?[^"'\n|^&;]{2,80}("\|"|'\|'|"&"|'&'|"\^"|'\^'|'\|"|"\|'|'&"|"&')[^"'\n|^&;]{2,80}["']\s?;\s?\$/
	condition:
		(#b > 1 or $c or $d or #e > 2)
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_symbols_only
{
	meta:
		group = "packing2"
		weight = 90
		description = "a program of underscores and signs"
		since = "0.1"
		reference = "shells without letters"
	strings:
		$a = /\$\{?\$_{1,8}\}?\s?[\[{(]\s?[$_!]/
		$b = /\$_{1,8}\s?=\s?\$_{1,8}\s?[.\[(^]/
		$c = /\$_{1,8}\s?(\+\+|\.=)\s?;?\s?\$_/
		$d = /\$_{2,8}\s?\(\s?\$_{1,8}/
	condition:
		(2 of them)
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_goto
{
	meta:
		group = "packing"
		weight = 70
		description = "code cut to pieces and sewn with goto"
		since = "0.1"
		reference = "control flow flattening"
	strings:
		$a = /\bgoto\s+[a-zA-Z_]\w{1,40}\s?;\s?[a-zA-Z_]\w{1,40}:/
	condition:
		(#a > 7)
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_word_pieces
{
	meta:
		group = "packing2"
		weight = 80
		description = "a dangerous function's name glued from pieces"
		since = "0.1"
		reference = "'as'.'sert', \"cr\".\"eate_fun\".\"ction\""
	strings:
		$1 = /["'(@](e"\."v|e'\.'v|ev"\."a|ev'\.'a|eva"\."l|eva'\.'l|e" \. "v|ev" \. "a|ev' \. 'a|e' \. 'v)/ nocase
		$2 = /["'](a"\."s"\."s|a'\.'s'\.'s|as"\."s|as'\.'s|ass"\."e|ass'\.'e|asse"\."r|asse'\.'r|asser"\."t|asser'\.'t|as" \. "s|as' \. 's|ass" \. "e|ass' \. 'e|a" \. "s" \. "s|a' \. 's' \. 's)/ nocase
		$3 = /["'](b"\."a"\."s|b'\.'a'\.'s|ba"\."s|ba'\.'s|bas"\."e|bas'\.'e|base"\."6|base'\.'6|base6"\."4|base6'\.'4|base64"\."_|base64'\.'_|base64_"\."d|base64_'\.'d|base64_de"\."c|base64_de'\.'c|base6" \. "4|base64" \. "_|base" \. "6|base' \. '6)/ nocase
		$4 = /["'](str"\."rev|str'\.'rev|gz"\."in|gz'\.'in|gzin"\."f|gzin'\.'f|gzinf"\."l|gzinf'\.'l|pass"\."thr|pass'\.'thr|shell_"\."e|shell_'\.'e|shell"\."_e|shell'\.'_e|file_"\."put|file_'\.'put|file"\."_put|move_"\."up|move_'\.'up)/ nocase
		$5 = /['"](c|cr|cre|crea|creat|create|create_|create_f|create_fu|create_fun)["']\s?\.\s?["'](r?e?a?t?e?_?f?u?n?["']?\s?\.?\s?["']?){1,4}(nction|unction|ction|tion|ion)/ nocase
		$6 = /['"](g|gz|gzi|gzin|gzinf)["']\s?\.\s?["']z?i?n?f?["']?\s?\.?\s?["']?(inf|nf|f|l|in)?["']?\s?\.?\s?["']?(la|fla|infla|nfla|late|flate|inflate)/ nocase
		$7 = /["'](s"\."y"\."s|s'\.'y'\.'s|sy"\."s|sy'\.'s|sys"\."t|sys'\.'t|syst"\."e|syst'\.'e|syste"\."m|syste'\.'m|sys" \. "t|sys' \. 't)/ nocase
		$8 = /['"](st|str|str_|str_r|str_ro)["']\s?\.\s?["']r?_?r?o?["']?\s?\.?\s?["']?(_rot|rot|ot|t)13/ nocase
		$9 = /['"](p|pr|pre|preg|preg_)["']\s?\.\s?["'](r?e?g?_?["']?\s?\.?\s?["']?){1,3}(_?re|_?rep)["']?\s?\.?\s?["']?(p?la)/ nocase
		$10 = /strrev\s?\(\s?['"](tressa|lave|edoced_46esab|etalfnizg|metsys|noitcnuf_etaerc|cexe_llehs|urhtssap|ecalper_gerp|31tor_rts|sserpmocnuzg)/ nocase
		$12 = /edoced_46esab|tressa['"]|noitcnuf_etaerc|etalfnizg/
	condition:
		(any of ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$12))
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_replaced_words
{
	meta:
		group = "packing2"
		weight = 80
		description = "code in pieces with a filler that is taken out before it runs"
		since = "0.1"
		reference = "weevely-like generators"
	strings:
		$a = /=\s?str_replace\s?\(\s?['"][^'"]{1,6}['"]\s?,\s?['"]{2}\s?,\s?\$\w+(\s?\.\s?\$\w+){3,}\s?\)/ nocase
		$b = /=\s?str_replace\s?\(\s?['"][^'"]{1,6}['"]\s?,\s?['"]{2}\s?,\s?['"][^'"]{4,60}['"]\s?\)\s?;\s?\$\w+\s?=\s?(['"]|\$\w+\s?\()/ nocase
	condition:
		($a or #b > 1)
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_foreign_names
{
	meta:
		group = "packing"
		weight = 70
		description = "variables and functions named in bytes that are no letters"
		since = "0.1"
		reference = "phpjiami-like encoders"
	strings:
		$b = /function\s+&?[\x80-\xff]{4,40}\s?\(/
		$c = /\$GLOBALS\s?\[\s?['"]?[\x80-\xff]{4,40}/
	condition:
		($b or $c)
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_reads_itself
{
	meta:
		group = "packing2"
		weight = 60
		description = "runs what it reads out of its own file"
		since = "0.1"
		reference = "encoders with a payload behind __halt_compiler or the last tag"
	strings:
		$self = /\b(file|file_get_contents|fopen|highlight_file|php_strip_whitespace|readfile)\s?\(\s?(__FILE__|\$_SERVER\[['"]SCRIPT_FILENAME|preg_replace\s?\([^;]{1,60}__FILE__)/ nocase
		$eval = /\b(eval|assert|create_function)\s?\(\s?[^)\s]/ nocase
		$dec = /base64_decode|gzinflate|gzuncompress|str_rot13|strrev|substr\s?\(|ord\s?\(/ nocase
	condition:
		filesize < 512KB and ($self and $eval and $dec)
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}

rule packed_remote_code
{
	meta:
		group = "loader"
		weight = 100
		description = "runs what another host serves"
		since = "0.1"
		reference = "loaders of 100 bytes"
	strings:
		$a = /\b(eval|assert|create_function)\s?\(\s?([@"'?>.\s(]{1,6}|(base64_decode|gzinflate|trim|str_rot13|gzuncompress|urldecode)\s?\(){0,4}(file_get_contents|curl_exec|fread|stream_get_contents|implode\s?\([^,]{0,8},\s?@?file|wp_remote_get|http_get|file_get_html|fetch|get_contents|getContents|curl)\s?\(\s?@?\s?(['"]https?:|base64_decode|pack|hex2bin|['"][A-Za-z0-9+\/=]{20})/ nocase
		$b = /[;{}>\n@]\s{0,4}(include|require)(_once)?\s?\(?\s?@?['"](https?|ftp):\/\/[^'"]{6,80}/
		$c = /file_put_contents\s?\([^;]{1,120}file_get_contents\s?\(\s?['"]https?:\/\/[^'"]{0,100}(raw|paste|\.txt|gist)/ nocase
	condition:
		($a or $b or $c)
		and (php_ext == 1 or filetype contains "text" or (view > 0 and php_request_reads > 0))
}
