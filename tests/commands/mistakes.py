"""Mistakes of somebody who is new here: each is named with what is wrong and what to do, on standard error, with its exit code."""
import os, pathlib, subprocess, tempfile, unittest

TURNSCOPE = pathlib.Path(os.environ["TURNSCOPE_BUILD_DIR"]) / "turnscope"
OK, FAILED, USAGE, NOT_FOUND, UNREACHABLE = range(5)


class Mistakes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="turnscope-mistakes-")
        self.addCleanup(self.folder.cleanup)

    def file(self, name, content):
        path = os.path.join(self.folder.name, name)
        pathlib.Path(path).write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def said(self, code, *arguments, stdin=""):
        r = subprocess.run([TURNSCOPE, *arguments], capture_output=True, text=True, timeout=30, cwd=self.folder.name, input=stdin)
        self.assertEqual(r.returncode, code, (arguments, r.stdout, r.stderr))
        return r.stderr

    def test_a_command_that_is_none_and_one_that_is_missing(self):
        self.assertRegex(self.said(USAGE, "srve"), "^turnscope: 'srve' is no command here; there are serve, demo, .*sessions\n$")
        self.assertRegex(self.said(USAGE), "^turnscope: a command is missing; there are serve, demo")
        self.assertEqual(self.said(USAGE, "prices", "lst"), "turnscope: 'lst' is no command here; there are list, check, set, import\n")
        self.assertIn("trace_id is required", self.said(USAGE, "traces", "show"))

    def test_a_folder_is_no_file(self):
        here = self.folder.name
        for command in (["explain", here], ["prices", "check", here], ["prices", "set", here], ["prices", "import", here],
                        ["config", "check", here], ["serve", "--config", here], ["redact", "test", here]):
            with self.subTest(command):
                self.assertIn(f"'{here}' is a directory; name a file", self.said(USAGE, *command))

    def test_a_file_that_is_not_there(self):
        for command in (["explain", "none"], ["prices", "check", "none"], ["config", "check", "none"], ["redact", "test", "none"]):
            with self.subTest(command):
                self.assertIn("cannot read 'none': No such file or directory", self.said(NOT_FOUND, *command))

    def test_files_that_explain_cannot_read(self):
        for name, content, code, says in (
                ("empty.json", "", USAGE, "is empty; give what an OTLP exporter posts"),
                ("open.json", "{", USAGE, "it begins as JSON and is none; send what"),
                ("other.json", '{"hello": 1}', USAGE, "this JSON is no OTLP export request: it has none of resourceSpans"),
                ("text.txt", "hello\n", USAGE, "as protobuf or JSON, not compressed"),
                ("none.json", '{"resourceSpans": []}', NOT_FOUND, "there is no span in what was given")):
            with self.subTest(name):
                self.assertIn(says, self.said(code, "explain", self.file(name, content)))

    def test_price_files(self):
        for text, says in (
                ("", "holds no price rule; docs/prices.md"),
                ("model,input\n", "holds no price rule"),
                ("model,input\nm,1,2\n", "line 2: '2' stands behind the last of 2 columns"),
                ('model,input\n"m,1\n', "line 2: a quote that opens here is never closed"),
                ("model,input\nm,\n", "line 2, column input: the line has no price"),
                ("model,input\nm,1000000.5\n", "line 2, column input: '1000000.5' is not a price"),
                ("model,input,context_above\nm,1,200k\n", "line 2, column context_above: must be a whole number of tokens"),
                ("model,input,valid_from,valid_to\nm,1,2025-02-01,2025-02-01\n", "line 2, column valid_to: must be a day after valid_from"),
                ("model,match,input\n(m,regex,1\n", "the model is no regular expression of RE2")):
            with self.subTest(text):
                path = self.file("prices.csv", text)
                self.assertIn(says, self.said(USAGE, "prices", "check", path))
                self.assertIn(says, self.said(USAGE, "prices", "set", path, "--data", "data"))
        self.said(OK, "prices", "check", self.file("marked.csv", b"\xef\xbb\xbfmodel,input\r\nm,1,\r\n"))

    def test_looking_at_prices_makes_no_folder(self):
        self.said(OK, "prices", "list", "gpt-4o")
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_a_log_that_is_none(self):
        for place in ("nowhere", "."):
            self.assertEqual(self.said(NOT_FOUND, "log", "verify", place),
                             f"turnscope: there is no log in '{place}'; name the data directory of a server: turnscope log verify DIRECTORY\n")

    def test_keys_that_are_none(self):
        for key, says in (
                ("lisen.ui", "no such key; did you mean listen.ui?"),
                ("foo", "no such key; turnscope config print shows all there are"),
                ("retention.sampling.0.keep", "no such key; there are retention.spans, "),
                ("redact.patterns.0.pattern", "no such key; there are name, regex, action")):
            with self.subTest(key):
                self.assertIn(f"{key}: {says}", self.said(USAGE, "config", "print", "--set", f"{key}=x"))

    def test_files_that_a_configuration_names(self):
        self.file("good.pem", "-----BEGIN CERTIFICATE-----\n")
        os.mkdir(os.path.join(self.folder.name, "page"))
        def check(code, text):
            return self.said(code, "config", "check", self.file("c.yaml", text))
        s3 = "offload: {above: 4KiB, s3: {endpoint: 'https://s3.example.com', bucket: b, access_key: a, secret_key: s, ca: %s}}"
        exporter = "exporters: [{name: far, protocol: %s, endpoint: 'https://far.example.com:4317', tls: {%s}}]"
        for text, says in (
                ("prices: {file: none.csv}", "prices.file: cannot read 'none.csv': No such file or directory"),
                ("prices: {file: page}", "prices.file: 'page' is a directory; name a file"),
                ("prices: {file: bad.csv}", "prices.file: bad.csv: prices, line 2, column input: 'cheap' is not a price"),
                ("prices: {file: regex.csv}", "prices.file: regex.csv: price rule 1 ('(m', user): the model is no regular expression"),
                ("redact: {enabled: true, names_file: none}", "redact.names_file: cannot read 'none'"),
                ("redact: {enabled: true, streets_file: page}", "redact.streets_file: 'page' is a directory"),
                ("redact: {enabled: true, key_file: none}", "redact.key_file: cannot read 'none'"),
                ("restricted: {enabled: true, key: '${file:none}'}", "restricted.key: the file none cannot be read"),
                ("store: {library: none.so}", "store.library: cannot read 'none.so'"),
                ("store: {library: good.pem}", "store.library: 'good.pem' is no shared library"),
                ("ui: {dir: page}", "ui.dir: cannot read 'page/index.html'"),
                (s3 % "none", "offload.s3.ca: cannot read 'none'"),
                (exporter % ("grpc", "ca: none"), "exporters[0].tls.ca: cannot read 'none'"),
                (exporter % ("http", "cert: good.pem, key: c.yaml"), "exporters[0].tls.key: 'c.yaml' holds nothing in PEM form")):
            with self.subTest(text):
                self.file("bad.csv", "model,input\nm,cheap\n")
                self.file("regex.csv", "match,model,input\nregex,(m,1\n")
                self.assertTrue(check(USAGE, text).startswith(says), check(USAGE, text))
        # Each of them at once, and nothing where a server would not look.
        self.assertEqual(len(check(USAGE, "prices: {file: none}\nui: {dir: none}\n" + exporter % ("http", "ca: none")).splitlines()), 3)
        self.assertRegex(check(USAGE, "redact: {key_file: none, names_file: none, streets_file: none}"),
                         "^redact.key_file: .*\nredact.names_file: .*\nredact.streets_file: .*\n$")
        check(OK, "store: {enabled: false}\nprices: {file: none}\n" + (exporter % ("http", "ca: none")).replace("{name", "{enabled: false, name"))
        self.file("own.csv", "model,input\nm,1\n")
        check(OK, "prices: {file: own.csv}\n" + exporter % ("grpc", "ca: good.pem"))

    def test_a_server_that_is_not_there(self):
        self.assertIn("no answer from http://127.0.0.1:1 ", self.said(UNREACHABLE, "usage", "--server", "127.0.0.1:1"))


if __name__ == "__main__":
    unittest.main()
