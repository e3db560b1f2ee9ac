package settings

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

const good = `{"tls":{"pem":"/t/tls.pem"},"auth":{"user":"go","password":"long-enough"},"storage":"/s",
"programs":{"athens":"/b/athens","sumdb":"/b/sumdb","go":"/b/go"},"upstream":{"GOPROXY":"https://p.example","GOPRIVATE":"a.example","GONOPROXY":"none"},
"private":[{"host":"git.example:8443","modules":["git.example/*"],"protocol":"https","user":"u","password":"pw-of-git"}]}`

func change(t *testing.T, edit func(map[string]any)) []byte {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(good), &value); err != nil {
		t.Fatal(err)
	}
	edit(value)
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestErrorsNameKeyAndWhatIsAllowed(t *testing.T) {
	set := func(section, key string, value any) func(map[string]any) {
		return func(v map[string]any) { v[section].(map[string]any)[key] = value }
	}
	private := func(key string, value any) func(map[string]any) {
		return func(v map[string]any) { v["private"].([]any)[0].(map[string]any)[key] = value }
	}
	for name, test := range map[string]struct {
		edit func(map[string]any)
		want []string
	}{
		"unknown key":    {func(v map[string]any) { v["colour"] = 1 }, []string{"colour"}},
		"wrong type":     {func(v map[string]any) { v["offline"] = "yes" }, []string{"offline", "string", "bool"}},
		"relative path":  {set("programs", "go", "go"), []string{"programs.go", `"go"`, "absolute"}},
		"short password": {set("auth", "password", "short"), []string{"auth.password", "8"}},
		"public admin":   {func(v map[string]any) { v["admin"] = "0.0.0.0:1" }, []string{"admin", "0.0.0.0:1", "loopback"}},
		"variable":       {set("upstream", "GOFLAGS", "-x"), []string{"upstream.GOFLAGS", "GOPROXY", "HTTPS_PROXY"}},
		"semicolon":      {set("upstream", "GOPROXY", "a;B=c"), []string{"upstream.GOPROXY", "semicolons"}},
		"database":       {set("upstream", "GOSUMDB", "other.example"), []string{"upstream.GOSUMDB", "off", "NAME+HASH+KEY"}},
		"protocol":       {private("protocol", "git"), []string{"private[0].protocol", `"git"`, "https or ssh"}},
		"glob":           {private("modules", []string{"a,b"}), []string{"private[0].modules[0]", `"a,b"`}},
		"no glob":        {private("modules", []string{}), []string{"private[0].modules", "git.example/*"}},
		"host":           {private("host", "https://x"), []string{"private[0].host", "HOST:PORT"}},
		"line break":     {private("password", "a\nb"), []string{"private[0].password", "line breaks"}},
		"key for https":  {private("sshKey", "x"), []string{"private[0].protocol", "ssh"}},
		"no lock": {func(v map[string]any) {
			v["shared"] = map[string]any{"s3": map[string]any{"bucket": "b", "region": "r"}}
		}, []string{"shared.redis.endpoint"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(change(t, test.edit))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			for _, secret := range []string{"pw-of-git", "long-enough"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("a secret is shown: %v", err)
				}
			}
		})
	}
}

func TestGlobsAndModules(t *testing.T) {
	s, err := Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if s.NoProxy() != "git.example/*" || s.NoSumdb() != "a.example,git.example/*" {
		t.Errorf("GONOPROXY=%q GONOSUMDB=%q", s.NoProxy(), s.NoSumdb())
	}
	if s.PrivateFor("git.example/team/x") == nil || s.PrivateFor("git.examples/team") != nil {
		t.Error("the globs are not read as GOPRIVATE is")
	}
}

func TestNeedsRestart(t *testing.T) {
	parse := func(edit func(map[string]any)) *Settings {
		s, err := Parse(change(t, edit))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	old := parse(func(map[string]any) {})
	live := parse(func(v map[string]any) {
		v["auth"].(map[string]any)["password"] = "another-password"
		v["private"].([]any)[0].(map[string]any)["password"] = "renewed"
	})
	if keys := NeedsRestart(old, live); len(keys) > 0 {
		t.Errorf("credentials need a restart: %v", keys)
	}
	other := parse(func(v map[string]any) {
		v["offline"] = true
		v["private"].([]any)[0].(map[string]any)["modules"] = []string{"other.example"}
	})
	if keys := NeedsRestart(old, other); !slices.Equal(keys, []string{"offline", "private"}) {
		t.Errorf("%v", keys)
	}
}

func TestSumdb(t *testing.T) {
	for value, want := range map[string]Sumdb{
		"":                                   {First: "sum.golang.org", Name: "sum.golang.org"},
		"off":                                {Off: true},
		"sum.golang.google.cn":               {First: "sum.golang.org", Name: "sum.golang.org", URL: "https://sum.golang.google.cn"},
		"own.example+ab+cd":                  {First: "own.example+ab+cd", Name: "own.example"},
		"sum.golang.org https://m.example/x": {First: "sum.golang.org", Name: "sum.golang.org", URL: "https://m.example/x"},
	} {
		if got, err := ParseSumdb(value); err != nil || got != want {
			t.Errorf("%q: %+v %v", value, got, err)
		}
	}
}
