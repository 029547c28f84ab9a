"""What `portico adopt` can find besides what `portico check` finds."""

from __future__ import annotations

from portico.model.finding import Kind

BAD_MAP = Kind(
    "config.E030",
    "config",
    "A path map cannot be used",
    "Files that were written for another machine name its folders; a wrong map would make every path wrong.",
    shows="`portico adopt` ends with exit status 2 before it reads anything.",
    example="portico adopt --map srv/shop --nginx shop.conf --uwsgi uwsgi.ini",
    cure="`--map /old=/new`: `/old` as the files write it, `/new` a folder or file that is on this machine. It may be given "
    "several times; the longest that fits wins. `--root DIR` maps all paths at once.",
)
NOTHING = Kind(
    "config.E031",
    "config",
    "There is no deployment to take over",
    "`adopt` reads the files that nginx and uWSGI are started with.",
    shows="`portico adopt` ends with exit status 2 and says where it looked.",
    example="portico adopt        # in a folder without nginx's and uWSGI's files",
    cure="Name them: `portico adopt --nginx /etc/nginx/sites-enabled/shop.conf --uwsgi /srv/shop/uwsgi.ini`. A project that "
    "has no such files needs none: `portico up`.",
)
UNREAD = Kind(
    "config.E032",
    "config",
    "A file of the deployment cannot be read",
    "What was not read cannot be taken over, and the rest alone would be another site.",
    shows="`portico adopt` ends with exit status 2 and names the file, the line and the column.",
    example="/srv/shop/uwsgi.json:4:3: Expecting ',' delimiter",
    cure="Correct that line, or give your account the right to read the file. nginx and uWSGI say the same at their start: "
    "`nginx -t`, `uwsgi --show-config --ini FILE`.",
)
SEVERAL = Kind(
    "config.E033",
    "config",
    "The files hold more than one site",
    "A portico.toml is one site; taking one of several by chance would take the wrong one.",
    shows="`portico adopt` ends with exit status 2 and lists the sites.",
    example="server { server_name a.example; ... uwsgi_pass unix:/run/a.sock; }\n"
    "server { server_name b.example; ... uwsgi_pass unix:/run/b.sock; }",
    cure="Name one of them with `--server NAME`, in the folder of its project, and repeat it for the others in theirs.",
)
NO_SITE = Kind(
    "config.E034",
    "config",
    "nginx's configuration passes nothing to an application",
    "A site is what nginx passes to uWSGI; without a pass there is only a file server.",
    source="https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_pass",
    shows="`portico adopt` ends with exit status 2.",
    example="server { listen 80; root /var/www/html; }     # the file that the distribution brings",
    cure="Name the file that has the `uwsgi_pass`, for example the one in /etc/nginx/sites-available or conf.d.",
)
EXISTS = Kind(
    "config.E035",
    "config",
    "There is a portico.toml already",
    "It may hold what you wrote.",
    shows="`portico adopt --write` ends with exit status 2 and changes nothing.",
    example="portico adopt --nginx shop.conf --uwsgi uwsgi.ini --write     # for the second time",
    cure="Look at the difference (without `--write` the new one is printed), move the old file away, or write over it with "
    "`--force`.",
)
MISSING = Kind(
    "config.W036",
    "config",
    "Paths of the deployment are not on this machine",
    "The files may have been written for another machine or a container. Where a path is not there, `portico up` cannot use "
    "it; nothing is guessed in its place.",
    shows="`portico adopt` lists the paths, and where each is written.",
    example="static 404s; `portico up` ends with `there is no folder /code`",
    cure="Say where they are here: `portico adopt --map /code=/home/ana/shop ...`, or `--root DIR` for a whole tree.",
)
UNMATCHED = Kind(
    "config.W037",
    "config",
    "No uWSGI listens where nginx passes requests to",
    "The two files may not belong together. They are taken as one site all the same, because there is only one of each.",
    source="https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_pass",
    shows="502 Bad Gateway for every page of the application.",
    example="uwsgi_pass unix:/run/shop.sock;     # nginx\nsocket = /run/shop/uwsgi.sock       # uWSGI",
    cure="If they belong together, Portico mends it: it gives both one socket. Else name the right pair.",
)
HALF = Kind(
    "config.E038",
    "config",
    "A proof needs both files",
    "What is compared are the answers of nginx and uWSGI together.",
    shows="`portico adopt --prove` ends with exit status 2.",
    example="portico adopt --uwsgi uwsgi.ini --prove",
    cure="Name both: `portico adopt --nginx FILE --uwsgi FILE --prove`.",
)
EXPOSED = Kind(
    "config.E039",
    "config",
    "nginx hands out the project's own folder",
    "Whoever knows a file's name reads the code, and with it settings and passwords: /static/manage.py, /.env, /db.sqlite3.",
    source="docs/configuration.md",
    shows="Nothing: the site works.",
    example="location /static/ { alias /srv/shop/; }     # the folder with manage.py",
    cure="Give the static files a folder of their own (STATIC_ROOT) and name that. Portico does not serve the project's "
    "folder; until another is named, the line is left.",
)
