package web

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

const reference = "../docs/reference/http.md"

func TestTheReferenceDescribesEveryRoute(t *testing.T) {
	raw, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{} // by method and path: the paragraph below the heading
	for _, m := range regexp.MustCompile("(?m)^### `([A-Z]+ /[^`]*)`\n\n(.*)").FindAllStringSubmatch(string(raw), -1) {
		sections[m[1]] = m[2]
	}
	s := testServer()
	s.PutEvents, s.PostEvent, s.Firehose = http.NotFound, http.NotFound, http.NotFound
	for _, r := range s.routes() {
		name := strings.NewReplacer("{$}", "", "...}", "}").Replace(r.pattern)
		role := "Role: none"
		if r.role != "" {
			role = "Role: `" + string(r.role) + "`"
		}
		if text, found := sections[name]; !found {
			t.Errorf("%s has no section ### `%s`", reference, name)
		} else if !strings.HasPrefix(text, role+".") && !strings.HasPrefix(text, role+",") {
			t.Errorf("the section of %s begins with %.40q, want %q", name, text, role)
		}
		delete(sections, name)
	}
	for name := range sections {
		t.Errorf("%s describes %s, which is no route", reference, name)
	}
}
