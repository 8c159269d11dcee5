"""nginx accepts what SECURITY.md tells it: a line in the wrong block keeps the proxy from starting."""

import os
import re
import shutil
import subprocess

import pytest

from tests.helpers.paths import ROOT


@pytest.mark.slow  # not for its time: `make check` needs no nginx
def test_nginx_accepts_the_documented_proxy(tmp_path):
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.fail("The tests need nginx; on Debian: apt-get install nginx")
    (documented,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "SECURITY.md").read_text(), re.DOTALL)
    assert "listen 443 ssl;" in documented
    documented = documented.replace("listen 443 ssl;", "listen 127.0.0.1:7999;")
    documented, certificates = re.subn(r"ssl_certificate\w* .*;\n", "", documented)  # there are none here
    assert certificates == 2
    folders = " ".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    http = f"access_log off; {folders} {documented}"
    (tmp_path / "conf").write_text(f"pid {tmp_path}/pid; events {{}} http {{ {http} }}")
    command = [program, "-t", "-p", tmp_path, "-c", tmp_path / "conf", "-e", "stderr"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
