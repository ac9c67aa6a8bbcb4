package notify

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

func stoppedTrail() Message {
	return Message{
		ID: "exec-01JQZ3V7/notify", Time: time.Date(2026, 3, 1, 3, 4, 5, 0, time.UTC), Severity: "HIGH",
		Subject: "CloudTrail logging of main was stopped, and is on again",
		Summary: "alice (as role Admin) stopped the trail main in account 111122223333. riposte started it again 1.4 s after " +
			"the event was received, and it is logging.",
		Sections: []Section{
			{Title: "Who", Facts: []Fact{
				{Label: "Person", Value: "alice (as role Admin)"},
				{Label: "Principal", Value: "arn:aws:sts::111122223333:assumed-role/Admin/alice"},
				{Label: "Access key", Value: "ASIAIOSFODNN7EXAMPLE"},
			}},
			{Title: "From where", Facts: []Fact{
				{Label: "Address", Value: "198.51.100.7, on the threat list tor-exits"},
				{Label: "Network", Value: "198.51.100.0/24 was never seen in this account"},
				{Label: "User agent", Value: "aws-cli/2.31.0 <script>alert(1)</script> & more"},
			}},
			{Title: "What", Facts: []Fact{
				{Label: "Call", Value: "cloudtrail:StopLogging in us-east-1"},
				{Label: "Trail", Value: "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"},
			}},
			{Title: "What else they did in the hour around", Facts: []Fact{
				{Label: "Calls", Value: "12, of which 3 were denied"},
				{Label: "APIs", Value: "ListBuckets (7)\nGetCallerIdentity (2)\nDeleteTrail (3, AccessDenied)"},
			}},
			{Title: "What was done", Facts: []Fact{{Value: "cloudtrail:StartLogging on main; verified that it is logging."}}},
			{Title: "How long", Facts: []Fact{
				{Label: "To the first call", Value: "4 ms"}, {Label: "Until verified", Value: "1.4 s"},
			}},
		},
		Next: []string{"riposte executions show 01JQZ3V7", "riposte executions undo 01JQZ3V7 --reason 'planned change'"},
		Rule: "cloudtrail-logging-stopped", Execution: "01JQZ3V7", Finding: "arn:aws:securityhub:us-east-1:111122223333:finding/9",
	}
}

func TestRenderGolden(t *testing.T) {
	hostile := Message{
		ID: "m\"><b>", Time: time.Date(2026, 3, 1, 3, 4, 5, 0, time.FixedZone("CET", 3600)), Severity: "URGENT\"><i>",
		Subject: "</title><script>alert(1)</script>",
		Summary: "line one\r\n\r\nWHAT WAS DONE\r\n  all is well \x1b[2Kgone \u202egnp.exe",
		Sections: []Section{{Title: "</h2>\nWHO", Facts: []Fact{
			{Label: "User\nagent", Value: "x\n\nWHAT WAS DONE\n  nothing"}, {Value: "<img src=https://evil.example/x.png>"},
		}}},
		Next: []string{"echo safe\nrm -rf /"},
	}
	cleanMessage(&hostile)
	for name, m := range map[string]Message{
		"stopped-trail": stoppedTrail(),
		"bare":          {ID: "m1", Time: time.Date(2026, 3, 1, 3, 4, 5, 0, time.UTC), Severity: "LOW", Subject: "A test message"},
		"hostile":       hostile,
	} {
		t.Run(name, func(t *testing.T) {
			body, err := Render(m)
			if err != nil {
				t.Fatal(err)
			}
			for ext, got := range map[string]string{".txt": body.Text, ".html": body.HTML, ".short": body.Short + "\n"} {
				file := filepath.Join("testdata", name+ext)
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("%s differs (go test -update writes it anew):\n%s", file, diff)
				}
			}
		})
	}
}

// Nothing that a message says may reach out to another machine or run.
func TestHTMLStandsOnItsOwn(t *testing.T) {
	m := stoppedTrail()
	m.Summary = `<img src="https://evil.example/a.png"><a href="https://evil.example">x</a><script>alert(1)</script>`
	body, err := Render(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<img", "<a ", "<script", "<link", "url(", "@import"} {
		if strings.Contains(body.HTML, bad) {
			t.Errorf("the document has %q", bad)
		}
	}
	if strings.Count(body.HTML, "https://") != 2 { // the text itself
		t.Errorf("the document has an address of its own:\n%s", body.HTML)
	}
}

func TestShort(t *testing.T) {
	m := Message{Severity: "CRITICAL", Subject: "Zugriffsschlüssel für „root“ angelegt – 日本", Summary: strings.Repeat("word ", 60)}
	got := short(m)
	want := "CRITICAL: Zugriffsschlussel fur ?root\" angelegt - ?? - word word word word word word word word word word word word word word word word..."
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		line := short(Message{Severity: "HIGH", Subject: rapid.String().Draw(t, "subject"), Summary: rapid.String().Draw(t, "summary")})
		if len(line) > maxShort {
			t.Fatalf("%d characters: %q", len(line), line)
		}
		for _, c := range []byte(line) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q has %q", line, c)
			}
		}
	})
}

func TestCleanBoundsMessages(t *testing.T) {
	m := Message{ID: "m", Subject: strings.Repeat("ä", 200), Summary: strings.Repeat("x", 5000)}
	for range 40 {
		s := Section{Title: strings.Repeat("t", 100)}
		for range 100 {
			s.Facts = append(s.Facts, Fact{Label: "l", Value: strings.Repeat("ü", 3000)})
		}
		m.Sections = append(m.Sections, s)
		m.Next = append(m.Next, "n")
		m.To = append(m.To, "a@b", "c@d")
	}
	out, err := clean{}.Exec(t.Context(), []Delivery{{Message: m}})
	if err != nil {
		t.Fatal(err)
	}
	got := out[0].Message
	if n := utf8.RuneCountInString(got.Subject); n != maxSubject || !strings.HasSuffix(got.Subject, "…") {
		t.Errorf("subject has %d characters: %s", n, got.Subject)
	}
	if len(got.Next) != maxNext || len(got.To) != maxTo || len(got.Sections) != maxSections+1 {
		t.Errorf("%d next, %d to, %d sections", len(got.Next), len(got.To), len(got.Sections))
	}
	if last := got.Sections[maxSections]; last.Facts[0].Value != "10 more sections" {
		t.Errorf("the last section is %+v", last)
	}
	total := 0
	for _, s := range got.Sections {
		for _, f := range s.Facts {
			total += len(f.Label) + len(f.Value)
		}
	}
	if total > maxTotal+2000 {
		t.Errorf("%d bytes of values", total)
	}
	if first := got.Sections[0].Facts; first[len(first)-1].Value != "… and 88 more" {
		t.Errorf("the first section ends with %q", first[len(first)-1].Value)
	}
	if len(m.Sections) != 40 || len(m.Sections[0].Facts) != 100 {
		t.Error("the caller's message was changed")
	}
}

func TestASCII(t *testing.T) {
	for in, want := range map[string]string{
		"plain ~ text": "plain ~ text", "Müller’s Größe — “ok” → x\u00a0y": `Muller's Grosse - "ok" -> x y`,
		"a\nb\tc\x1b[0m": "a b c[0m", "ﬁn…": "fin...", "日": "?", "": "",
	} {
		if got := ASCII(in); got != want {
			t.Errorf("ASCII(%q) = %q, want %q", in, got, want)
		}
	}
}

// However a message is made, what is laid out can be queued, is valid UTF-8 and has no control characters but line ends.
func FuzzRender(f *testing.F) {
	f.Add("subject", "summary", "title", "label", "value\nmore", "next")
	f.Add("\x00", "\u202e", "</h2>", "<", "\xff\n\n--", "\r\n")
	f.Fuzz(func(t *testing.T, subject, summary, title, label, value, next string) {
		m := Message{
			ID: "m", Severity: "HIGH", Subject: subject, Summary: summary, Next: []string{next},
			Sections: []Section{{Title: title, Facts: []Fact{{Label: label, Value: value}, {Value: value}}}},
		}
		cleanMessage(&m)
		body, err := Render(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{body.Text, body.HTML, body.Short} {
			if !utf8.ValidString(form) {
				t.Errorf("not UTF-8: %q", form)
			}
			if i := strings.IndexFunc(form, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == '\u202e' }); i >= 0 {
				t.Errorf("control character at %d of %q", i, form)
			}
		}
		// a line that begins at the margin is riposte's: severity, summary, headings, and the foot
		heads := 0
		for _, line := range strings.Split(body.Text, "\n") {
			if line != "" && line[0] != ' ' {
				heads++
			}
		}
		if heads > 7 {
			t.Errorf("a value forged a line at the margin:\n%s", body.Text)
		}
	})
}
