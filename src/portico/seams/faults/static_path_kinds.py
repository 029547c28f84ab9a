"""Kinds: nginx looks for a file in another place than it lies in, may not read it, or says the wrong thing about it."""

from __future__ import annotations

from portico.model.finding import Kind

_CORE = "https://nginx.org/en/docs/http/ngx_http_core_module.html"

ALIAS_SLASH = Kind(
    "nginx.E180",
    "nginx",
    "The alias of a location lacks its slash at the end",
    "alias takes the place of the location's name, letter for letter: without its slash the folder and the file's name are "
    "glued together.",
    source=f"{_CORE}#alias",
    shows='Every style sheet and script is a 404 of nginx; its log has `open() "/srv/app/staticfilesadmin/css/base.css" '
    "failed (2: ...)`.",
    example="location /static/ { alias /srv/app/staticfiles; }",
    cure="End both with a slash: `location /static/ { alias /srv/app/staticfiles/; }`.",
)
ROOT_AND_ALIAS = Kind(
    "nginx.E181",
    "nginx",
    "root and alias are mixed up",
    "root puts its folder in front of the whole path of the URL, the location's name included; alias puts it in the place "
    "of that name.",
    source=f"{_CORE}#alias",
    shows='Every file is a 404 of nginx; its log has `open() "/srv/app/static/static/css/site.css" failed (2: ...)`, with a '
    "part that is doubled, or one that is missing.",
    example="location /static/ { root /srv/app/static; }",
    cure="`alias /srv/app/static/;` names the folder itself; `root /srv/app;` the folder above it.",
)
REGEX_ALIAS = Kind(
    "nginx.E182",
    "nginx",
    "An alias in a regular expression location names one path for every URL",
    "There alias is the complete name of the file: nothing of the URL is added to it, unless the expression captures it.",
    source=f"{_CORE}#alias",
    shows="Every file is a redirect (301) to the same name with a slash behind it, then a 403 or 404; the log may be empty.",
    example="location ~ ^/static/ { alias /srv/app/staticfiles/; }",
    cure="Use a prefix, `location ^~ /static/ { alias /srv/app/staticfiles/; }`, or capture: "
    "`location ~ ^/static/(.*)$ { alias /srv/app/staticfiles/$1; }`.",
)
REGEX_WINS = Kind(
    "nginx.E183",
    "nginx",
    "A regular expression location takes the files of another location",
    "nginx tries regular expressions after prefixes and prefers them: the location that names the folder never sees those "
    "files, and the one that does has no folder of its own.",
    source=f"{_CORE}#location",
    shows="Whether a file is found depends on its extension: .css and .png are a 404, .txt is there. The folder and the "
    "alias are right.",
    example="location /static/ { alias /srv/app/staticfiles/; }   location ~* \\.(css|js|png)$ { expires 30d; }",
    cure="`location ^~ /static/`: with ^~ no regular expression is tried. Put `expires` into that location.",
)
TRAVERSAL = Kind(
    "nginx.E184",
    "nginx",
    "Visitors can read files outside the folder of a location",
    "The location's name ends without a slash and the alias with one, so the URL `/static../settings.py` becomes "
    "`/srv/app/static/../settings.py`: the source, the database and the secrets beside the folder can be downloaded.",
    source="https://gixy.getpagespeed.com/checks/alias-traversal/",
    shows="Nothing: the site works. `curl --path-as-is http://site/static../manage.py` prints the source.",
    example="location /static { alias /srv/app/static/; }",
    cure="`location /static/ { alias /srv/app/static/; }`: both with a slash. Change every secret that lay beside the "
    "folder.",
)
NO_TYPES = Kind(
    "nginx.E185",
    "nginx",
    "Files are sent with the wrong Content-Type",
    "Browsers refuse a style sheet or a module that is not called one; with `nosniff`, scripts too.",
    source=f"{_CORE}#types",
    shows="The page has no style although every file is a 200. The browser's console: its MIME type "
    "(`application/octet-stream`) is not a supported stylesheet MIME type.",
    example="http { server { location /static/ { alias /srv/app/static/; } } }   # no include mime.types",
    cure="`include /etc/nginx/mime.types;` in the http block. A `types` block further in replaces it whole.",
)
CLOSED_FOLDER = Kind(
    "nginx.E186",
    "nginx",
    "nginx's workers may not enter a folder on the way to the files",
    "To read a file an account needs the x permission on every folder above it; home folders have been closed to others "
    "since Ubuntu 21.04, and /root always was.",
    source="https://man7.org/linux/man-pages/man7/path_resolution.7.html",
    shows='Every file is a 403, whatever its own mode; the log has `open() "..." failed (13: Permission denied)`.',
    example="alias /home/ana/site/staticfiles/;   # drwx------ ana ana /home/ana",
    cure="Collect into a folder that everybody may enter, /var/www/site/static or /srv/site/static; or `chmod o+x` each "
    "folder on the way (never /root).",
)
CLOSED_FILE = Kind(
    "nginx.E187",
    "nginx",
    "nginx's workers may not read a file",
    "Files that were made with a umask of 077, or uploads that Django moved from a temporary file, are their owner's only.",
    source="https://docs.djangoproject.com/en/stable/ref/settings/#file-upload-permissions",
    shows="Some files are a 403 and others, in the same folder, are there; the log has errno 13 for just those.",
    example="-rw------- ana ana /srv/app/staticfiles/admin/css/base.css",
    cure="`chmod -R u=rwX,go=rX` the folder of static files; for uploads FILE_UPLOAD_PERMISSIONS = 0o644, Django's default.",
)
FOLDER_ASKED = Kind(
    "nginx.I188",
    "nginx",
    "The URL is a folder, and nginx shows no listing of it",
    "That is as it should be: it says nothing about the files in the folder.",
    source="https://nginx.org/en/docs/http/ngx_http_autoindex_module.html",
    shows='A 403 for the folder\'s own URL; the log has `directory index of "..." is forbidden`.',
    example="http://example.com/static/",
    cure="Ask for a file: http://example.com/static/admin/css/base.css.",
)
POLICY = Kind(
    "nginx.E189",
    "nginx",
    "The system's policy keeps nginx from a file whose permissions are right",
    "SELinux, AppArmor or the sandbox of nginx's unit (ProtectHome) decides besides the mode of the file.",
    source="https://man7.org/linux/man-pages/man8/httpd_selinux.8.html",
    shows='A 403 with `open() "..." failed (13: Permission denied)` although `namei -l` shows that everybody may read it.',
    example="-rw-r--r-- ana ana unconfined_u:object_r:user_home_t /home/ana/site/static/site.css",
    cure="SELinux: `sudo semanage fcontext -a -t httpd_sys_content_t '/srv/site/static(/.*)?' && sudo restorecon -R "
    "/srv/site/static`. Otherwise: move the files under /var/www or /srv.",
)
REDIRECT_LOOP = Kind(
    "nginx.E190",
    "nginx",
    "nginx redirects a URL to itself",
    "Each answer sends the browser to where it has just been; the application is never asked.",
    source="https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#return",
    shows="The browser says that there were too many redirects; curl: `Maximum (50) redirects followed`. The application's "
    "log is empty.",
    example="server { listen 443 ssl; return 301 https://$host$request_uri; }",
    cure="Only the server of port 80 redirects to https. Where something in front ends TLS and speaks http to nginx, it "
    "must not redirect at all, or only `if ($http_x_forwarded_proto = http)`.",
)
TLS_ELSEWHERE = Kind(
    "nginx.W191",
    "nginx",
    "nginx redirects to https, and has no server that speaks it",
    "Where something in front ends TLS and comes to nginx by http, as a CDN with flexible TLS does, each request is sent "
    "back to it: a loop.",
    source="https://nginx.org/en/docs/http/configuring_https_servers.html",
    shows="Through the CDN or the load balancer: too many redirects. On this machine: a redirect to an address where "
    "nothing answers.",
    example="server { listen 80; return 301 https://$host$request_uri; }   # and no listen 443 ssl",
    cure="Redirect only what came by http: `if ($http_x_forwarded_proto = http) { return 301 https://$host$request_uri; }`; "
    "or give nginx a server with `listen 443 ssl`.",
)
