"""Names, values and files that have broken other programs."""

NAMES = [
    *("..", ".", "...", "....", "../x", "..\\x", "../../etc/passwd", "..%2f..%2fetc%2fpasswd"),
    *("%2e%2e", "%2e%2e%2f", "%252e%252e%252f", "..%00/", "%00", "a\x00b", "a%00b", "..;/x", "..././x"),
    *("....//x", "/", "//", "/etc/passwd", "\\", "\\\\server\\share", "C:\\windows", "C:x", "~"),
    *("~root", "$HOME", "${HOME}", "`id`", "$(id)", ";id", "|id", "a\nb", "a\rb"),
    *("a\r\nSet-Cookie: x=1", "\t", " ", "  a", "a ", "a.", ".a", "a..", "a/../b", "./a", "a/./b"),
    *("con", "CON", "NUL", "aux.txt", "COM1", "LPT9.txt", "prn", "CLOCK$", "desktop.ini", "Thumbs.db"),
    *(".DS_Store", ".htaccess", ".git", "index.html", "web.config", "robots.txt", "favicon.ico"),
    *("sitemap.xml", "wp-login.php", "\u202egpj.exe", "\u200b", "a\u200bb", "\ufeff", "\u2028"),
    *("\u2029", "\u00a0", "\u3000", "\u0000", "\ud800", "é", "e\u0301", "\u212b", "Å", "ﬀ", "ß", "İ"),
    *("ı", "ſ", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "a" * 255, "a" * 256),
    *("ä" * 127 + "b", "ä" * 128, "\U0001f600" * 63, "\U0001f600" * 64, "a" * 4096, "-", "--help"),
    *("-rf", "-x; rm -rf /", "*", "?", "[a]", "{a,b}", "!", "#", "a#b", "a?b", "a&b=c", "a=b", "%"),
    *("%s", "%n", "{0}", "{{7*7}}", "${7*7}", "<%= 7*7 %>", "'", '"', "' OR 1=1 --"),
    *('"; DROP TABLE files_entry; --', "\\'", "<script>alert(1)</script>"),
    *("<img src=x onerror=alert(1)>", "javascript:alert(1)", "a<b>c", "&lt;b&gt;", "]]>", "\x7f"),
    *("\x1b[31mred", "\x07", "\x85", "a\x0bb", "1e9", "0", "null", "None", "undefined", "true", "NaN"),
    *("-1",),
]
"""Of files and folders: to be refused, or kept as they are."""

VALUES = [
    *("'", '"', "\\", "%", "_", "%%", "';--", "' OR '1'='1", "1; SELECT pg_sleep(5)", "1) OR (1=1"),
    *("'||pg_sleep(5)||'", "owner__password", "owner__is_staff", "-owner__password", "name__regex"),
    *("pk", "?", "name;", "name,size", "*", "\x00", "\x01", "\n", "\r\n", "\x1b[0m", "\ud800"),
    *("\U0010ffff", "\u202e", "ﬀ", "İ", "a" * 300, "a" * 5000, "0", "-1", "1e309", "9" * 40, "NaN"),
    *("Infinity", "0x10", "1_000", "١", "true", "null", "[]", "{}", "[1]", "../", "//"),
    *("${jndi:ldap://x}", "{{7*7}}", "%s%s%n", "<script>", "a:b:c", "&", "|", "!", "(", ")", "a & b"),
    *(":*", "'a':*", "\\'", "a\\", "<->", "a <-> b", "''", "00000000-0000-0000-0000-000000000000"),
    *("urn:uuid:x", "{x}"),
]
"""Of parameters that filter, order, search and continue."""

FILES = [
    *(("a.html", "text/html"), ("a.xhtml", "application/xhtml+xml"), ("a.svg", "image/svg+xml")),
    *(("a.xml", "text/xml"), ("a.xml", "application/xml"), ("a.xsl", "application/xslt+xml")),
    *(("a.js", "text/javascript"), ("a.mjs", "application/javascript"), ("a.css", "text/css")),
    *(("a.pdf", "application/pdf"), ("a.mht", "multipart/related"), ("a.mhtml", "message/rfc822")),
    *(("a.swf", "application/x-shockwave-flash"), ("a.htm", "image/png"), ("a.png", "text/html")),
    *(("a.png", "text/html; charset=utf-7"), ("a", ""), ("a.html", ""), ("a.svgz", "")),
    *(("a.json", "application/json"), ("a.wasm", "application/wasm"), ("a.hta", "application/hta")),
    *(("a.html", "TEXT/HTML"), ("a.html", "text/html;charset=x"), ("a.rss", "application/rss+xml")),
    *(("a.jar", "application/java-archive"), ("a.html", "text/plain, text/html")),
    *(("a.ico", "x/y\r\nX-A: b"),),
]
"""Names and declared types of what a browser might run."""
