package declaration

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	leaves, err := Parse([]byte(`{"leaves":[{"name":"goproxy","dns":["goproxy.gows-dev.internal","*.gows-dev.internal"],
		"ips":["127.0.0.1","::1"],"uris":["spiffe://gows-dev.internal/goproxy"],"lifetime":"12h","uid":0,"gid":7,"mode":"0440","usage":"both"}]}`), false)
	if err != nil {
		t.Fatal(err)
	}
	leaf := leaves[0]
	if leaf.Lifetime != 12*time.Hour || leaf.UID != 0 || leaf.GID != 7 || leaf.Mode != 0o440 || !leaf.Server || !leaf.Client || len(leaf.Names()) != 5 {
		t.Fatalf("%+v", leaf)
	}
	leaves, err = Parse([]byte(`{"leaves":[{"name":"a","ips":["127.0.0.1"]}]}`), true)
	if err != nil || leaves[0].UID != -1 || leaves[0].Mode != 0o600 || leaves[0].Lifetime != 24*time.Hour || leaves[0].Client || leaves[0].Pair {
		t.Fatalf("%+v %v", leaves, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, wanted := range map[string]string{
		``:                          "not valid",
		`{}`:                        `"leaves" is missing`,
		`{"leaves":[]} x`:           "follows",
		`{"leaves":[],"more":1}`:    "more",
		`{"leaves":[{"name":"a"}]}`: "0 names",
		`{"leaves":[{"name":"../a","dns":["a.b"]}]}`:                                            "leaves[0].name",
		`{"leaves":[{"name":"A","dns":["a.b"]}]}`:                                               "leaves[0].name",
		`{"leaves":[{"name":"a","dns":["a.b"]},{"name":"a","dns":["a.b"]}]}`:                    "leaves[1].name: \"a\" is declared twice",
		`{"leaves":[{"name":"a","dns":["a.b","a.b"]}]}`:                                         "twice",
		`{"leaves":[{"name":"a","dns":["A.b"]}]}`:                                               "dns[0]",
		`{"leaves":[{"name":"a","dns":["a b"]}]}`:                                               "dns[0]",
		`{"leaves":[{"name":"a","dns":["a.*.b"]}]}`:                                             "dns[0]",
		`{"leaves":[{"name":"a","dns":["127.0.0.1"]}]}`:                                         "dns[0]",
		`{"leaves":[{"name":"a","ips":["localhost"]}]}`:                                         "ips[0]",
		`{"leaves":[{"name":"a","uris":["spiffe:///x"]}]}`:                                      "uris[0]",
		`{"leaves":[{"name":"a","uris":["https://u:p@a.b/x"]}]}`:                                "uris[0]",
		`{"leaves":[{"name":"a","dns":["a.b"],"lifetime":"73h"}]}`:                              "lifetime",
		`{"leaves":[{"name":"a","dns":["a.b"],"lifetime":"1s"}]}`:                               "lifetime",
		`{"leaves":[{"name":"a","dns":["a.b"],"mode":"0644"}]}`:                                 "mode",
		`{"leaves":[{"name":"a","dns":["a.b"],"mode":"0240"}]}`:                                 "mode",
		`{"leaves":[{"name":"a","dns":["a.b"],"uid":-2}]}`:                                      "uid",
		`{"leaves":[{"name":"a","dns":["a.b"],"pair":true}]}`:                                   "leaves[0].pair: true needs an authority that was made with --algorithm sm2",
		`{"leaves":[{"name":"a","dns":["a.b"],"pair":"yes"}]}`:                                  "not valid",
		`{"leaves":[{"name":"a","dns":["a.b"],"usage":"ca"}]}`:                                  "usage",
		`{"leaves":[` + strings.Repeat(`{"name":"a","dns":["a.b"]},`, maxLeaves) + `{}]}`:       "at most",
		`{"leaves":[{"name":"a","dns":["a.b"]}]}` + strings.Repeat(" ", maxBytes):               "larger",
		`{"leaves":[{"name":"a","dns":["` + strings.Repeat("a.", 140) + `b"]}]}`:                "dns[0]",
		`{"leaves":[{"name":"a","dns":["` + strings.Repeat("a", 64) + `.b"]}]}`:                 "dns[0]",
		`{"leaves":[{"name":"a","dns":["a.b"],"lifetime":"` + strings.Repeat("9", 40) + `h"}]}`: "lifetime",
	} {
		if _, err := Parse([]byte(text), false); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%.80s: %v, wanted %q", text, err, wanted)
		}
	}
}

func TestParsePair(t *testing.T) {
	leaves, err := Parse([]byte(`{"leaves":[{"name":"a","dns":["a.b"],"pair":true},{"name":"b","dns":["a.b"],"pair":false}]}`), true)
	if err != nil || !leaves[0].Pair || leaves[1].Pair {
		t.Fatalf("%+v %v", leaves, err)
	}
}

// FuzzParse: what is taken keeps every promise that issuing relies on.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"leaves":[{"name":"a","dns":["a.b"],"ips":["::1"],"uris":["spiffe://a.b/c"],"lifetime":"1h","mode":"0600","usage":"both"}]}`))
	f.Add([]byte(`{"leaves":[{"name":"a","dns":["*.a_b"],"uid":1}]}`))
	f.Add([]byte(`{"leaves":null}`))
	f.Add([]byte(`{"leaves":[{"name":"a","dns":["a.b"],"pair":true}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if leaves, err := Parse(text, false); err == nil {
			for _, leaf := range leaves {
				if leaf.Pair {
					t.Fatal("a pair that no authority can make")
				}
			}
		}
		leaves, err := Parse(text, true)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, leaf := range leaves {
			if seen[leaf.Name] || strings.ContainsAny(leaf.Name, "/.\x00") || leaf.Name == "" {
				t.Fatalf("name %q", leaf.Name)
			}
			seen[leaf.Name] = true
			if leaf.Lifetime > MaxLifetime || leaf.Lifetime < MinLifetime || len(leaf.Names()) == 0 || leaf.Mode&0o137 != 0 || leaf.UID < -1 {
				t.Fatalf("%+v", leaf)
			}
			for _, name := range leaf.DNS {
				if strings.ContainsAny(name, " \n/\x00ABC") {
					t.Fatalf("dns %q", name)
				}
			}
		}
	})
}
