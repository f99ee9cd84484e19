"""turnscope prices check | import | set | list, as a user runs them on a data folder of their own."""
import csv, io, json, os, pathlib, subprocess, tempfile, unittest

TURNSCOPE = pathlib.Path(os.environ["TURNSCOPE_BUILD_DIR"]) / "turnscope"

# Of LiteLLM's shape: a price that is null, half a tier, an outlier, a region before the model, one that multiplies.
LITELLM = {
    "sample_spec": {"input_cost_per_token": 0.0},
    "acme/whole": {"litellm_provider": "acme", "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06,
                   "cache_read_input_token_cost": None},
    "half": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06,
             "input_cost_per_token_flex": 5e-07},
    "outlier": {"litellm_provider": "anthropic", "input_cost_per_token": 1e-06, "output_cost_per_token": 5e-06,
                "cache_creation_input_token_cost": 1e-06, "cache_creation_input_token_cost_above_1hr": 2.4e-05},
    "azure/eu/whole": {"litellm_provider": "azure", "input_cost_per_token": 2.2e-06, "output_cost_per_token": 8.8e-06},
    "uplifted": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06,
                 "regional_processing_uplift_multiplier_eu": 1.1},
    "pictures": {"litellm_provider": "openai", "input_cost_per_image": 0.04},
}


class Prices(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="turnscope-prices-")
        self.addCleanup(self.folder.cleanup)
        self.data = os.path.join(self.folder.name, "data")

    def file(self, name, text):
        path = os.path.join(self.folder.name, name)
        pathlib.Path(path).write_text(text, encoding="utf-8")
        return path

    def prices(self, *arguments, code=0):
        """What it printed; nothing may stand where it does not belong."""
        r = subprocess.run([TURNSCOPE, "prices", *arguments], capture_output=True, text=True, timeout=30)
        self.assertEqual(r.returncode, code, (arguments, r.stdout, r.stderr))
        if code == 0:
            self.assertEqual(r.stderr, "")
            return r.stdout
        return r.stdout, r.stderr

    def listed(self, *model):
        """Rows of the CSV that `list` prints."""
        return list(csv.DictReader(io.StringIO(self.prices("list", *model, "--data", self.data))))

    def import_all(self):
        return self.prices("import", self.file("litellm.json", json.dumps(LITELLM)), "--data", self.data)

    def test_check_says_that_a_good_file_is_good_and_changes_nothing(self):
        good = self.file("good.csv", "# ours\nmodel,service_tier,region,input,output\nm,,,1,2\nm,batch,,0.5,1\nm,,eu,1.1,2.2\n")
        self.assertEqual(self.prices("check", good), "2 price rules, ok\n")
        self.assertEqual(json.loads(self.prices("check", good, "--json")), {"file": good, "ok": True, "rules": 2})
        self.assertFalse(os.path.exists(self.data))

    def test_check_names_line_and_column_of_what_is_wrong(self):
        broken = {
            "model,input\nm,1\nn,cheap\n": ("line 3, column input", "'cheap' is not a price"),
            "model,region,input\nm,the moon,1\n": ("line 2, column region", "'the moon' is no region"),
            "model,valid_from,input\nm,2025-13-01,1\n": ("line 2, column valid_from", "'2025-13-01' is not a date"),
            "model,colour\nm,red\n": ("line 1, column colour", "is not known"),
            "model,input\nm,1\n\nm,2\n": ("line 4, column model", "'m' is priced twice"),
        }
        for text, (where, what) in broken.items():
            with self.subTest(text):
                path = self.file("broken.csv", text)
                out, error = self.prices("check", path, code=2)
                self.assertEqual(out, "")
                self.assertIn(where, error)
                self.assertIn(what, error)
                said = json.loads(self.prices("check", path, "--json", code=2)[0])
                self.assertEqual((said["file"], said["ok"]), (path, False))
                self.assertIn(where, said["error"])
        self.assertIn("cannot read", self.prices("check", os.path.join(self.folder.name, "none.csv"), code=3)[1])

    def test_import_takes_what_is_whole_and_reports_doubts(self):
        said = self.import_all()
        self.assertIn("half: half a tier (flex): left out\n", said)
        self.assertIn("outlier: 1-hour cache writes cost 24.00 times the 5-minute ones", said)
        self.assertTrue(said.endswith("6 models read, 6 price rules imported, 1 models without token prices, 2 doubts\n"), said)
        [whole, in_eu] = sorted(self.listed("whole"), key=lambda r: r["region"])
        self.assertEqual((whole["provider"], whole["match"], whole["input"], whole["output"], whole["cache_read"]),
                         ("acme", "exact", "2", "8", ""))
        self.assertEqual((in_eu["provider"], in_eu["region"], in_eu["input"], in_eu["output"]), ("azure", "eu", "2.2", "8.8"))
        [half] = self.listed("half")
        self.assertEqual((half["service_tier"], half["input"]), ("", "1"))
        [outlier] = self.listed("outlier")
        self.assertEqual((outlier["cache_write_5m"], outlier["cache_write_1h"]), ("1", "24"))
        self.assertEqual([(r["region"], r["input"]) for r in self.listed("uplifted")], [("eu", "1.1"), ("", "1")])
        rules = json.loads(self.prices("list", "whole", "--json", "--data", self.data))["rules"]
        self.assertEqual(sorted((r["from"], r["region"] or "") for r in rules), [("imported", ""), ("imported", "eu")])

    def test_a_file_that_is_no_price_list_is_refused_and_what_was_there_stays(self):
        self.import_all()
        before = self.listed()
        for text in ("[]", "{}", "no json"):
            self.assertIn("this is not LiteLLM's price file",
                          self.prices("import", self.file("wrong.json", text), "--data", self.data, code=2)[1])
        self.assertIn("line 2, column input",
                      self.prices("set", self.file("wrong.csv", "model,input\nm,-1\n"), "--data", self.data, code=2)[1])
        self.assertEqual(self.listed(), before)

    def test_the_users_rules_go_before_imported_and_built_in_ones(self):
        self.import_all()
        self.assertEqual(self.listed("gpt-4o")[0]["match"], "version", "built in")
        said = self.prices("set", self.file("own.csv", "provider,model,input,output\nacme,whole,1,3\nopenai,gpt-4o,4,5\n"),
                           "--data", self.data)
        self.assertEqual(said, f"2 price rules put before all others, in {self.data}/prices/user.csv\n")
        for model, first in (("whole", "1"), ("gpt-4o", "4")):
            rules = json.loads(self.prices("list", model, "--json", "--data", self.data))["rules"]
            self.assertEqual(rules[0]["from"], "user")
            self.assertEqual(rules[0]["tiers"][0]["prices"]["input"], first)
            self.assertIn(rules[1]["from"], ("imported", "built-in"))
            self.assertEqual(self.listed(model)[0]["input"], first)
        # A rule of a region stands beside those of any; one for the same takes the place of the old one.
        for price in ("7", "8"):
            self.prices("set", self.file("eu.csv", f"provider,model,region,input,output\nacme,whole,eu,{price},9\nacme,whole,us,1,1\n"),
                        "--data", self.data)
        self.assertEqual([(r["region"], r["input"]) for r in self.listed("whole") if r["provider"] == "acme"],
                         [("eu", "8"), ("us", "1"), ("", "1"), ("", "2")])
        # What `list` prints can be checked and set again.
        everything = self.file("all.csv", self.prices("list", "whole", "--data", self.data))
        self.assertEqual(self.prices("check", everything), "5 price rules, ok\n")

    def test_a_model_without_a_price_is_said(self):
        out, error = self.prices("list", "nobody-knows", "--data", self.data, code=3)
        self.assertIn("no price is known for 'nobody-knows'", error)
        self.assertEqual(len(out.splitlines()), 1, "the header alone")


if __name__ == "__main__":
    unittest.main()
