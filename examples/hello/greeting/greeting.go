// Package greeting says hello in the language that the reader likes best.
package greeting

import (
	"strings"

	"golang.org/x/text/language"
)

// The first entry is what a reader gets whose languages we do not speak.
var phrases = []struct {
	tag  language.Tag
	word string
}{
	{language.English, "Hello"},
	{language.German, "Hallo"},
	{language.French, "Bonjour"},
	{language.Spanish, "Hola"},
	{language.Japanese, "こんにちは"},
	{language.SimplifiedChinese, "你好"},
}

var matcher = newMatcher()

func newMatcher() language.Matcher {
	tags := make([]language.Tag, len(phrases))
	for i, p := range phrases {
		tags[i] = p.tag
	}
	return language.NewMatcher(tags)
}

// For greets name. acceptLanguage is the value of an HTTP Accept-Language
// header; a header that is empty or cannot be read means English.
func For(name, acceptLanguage string) string {
	name = strings.TrimSpace(name)
	if name == "" {
		name = "gopher"
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		tags = nil
	}
	_, i, _ := matcher.Match(tags...)
	return phrases[i].word + ", " + name + "!"
}
