package greeting_test

import (
	"testing"

	"example.com/hello/greeting"
)

func TestFor(t *testing.T) {
	tests := map[string]struct {
		name, accept, want string
	}{
		"no language":            {"Ada", "", "Hello, Ada!"},
		"one language":           {"Ada", "de", "Hallo, Ada!"},
		"a region of a language": {"Ada", "fr-CA", "Bonjour, Ada!"},
		"the best of several":    {"Ada", "tlh, es;q=0.8, en;q=0.5", "Hola, Ada!"},
		"quality before order":   {"Ada", "en;q=0.2, ja;q=0.9", "こんにちは, Ada!"},
		"unknown language":       {"Ada", "tlh", "Hello, Ada!"},
		"unreadable header":      {"Ada", ";;q=x", "Hello, Ada!"},
		"no name":                {"", "zh-CN", "你好, gopher!"},
		"name of spaces":         {"  ", "en", "Hello, gopher!"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := greeting.For(tt.name, tt.accept); got != tt.want {
				t.Errorf("For(%q, %q) = %q, want %q", tt.name, tt.accept, got, tt.want)
			}
		})
	}
}

func FuzzFor(f *testing.F) {
	f.Add("Ada", "de, en;q=0.5")
	f.Add("", ";;")
	f.Fuzz(func(t *testing.T, name, accept string) {
		if greeting.For(name, accept) == "" {
			t.Error("empty greeting")
		}
	})
}
