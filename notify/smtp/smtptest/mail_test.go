package smtptest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const multipartMail = "From: =?utf-8?q?J=C3=BCrgen?= <a@example.com>\r\n" +
	"To: b@example.com, \"C\" <c@example.com>\r\n" +
	"Subject: =?utf-8?b?w6R0?= stopped\r\n" +
	"Message-ID: <1@example.com>\r\n" +
	"Content-Type: multipart/mixed; boundary=out\r\n\r\n" +
	"--out\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n" +
	"--in\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4 =\r\nlong\r\n" +
	"--in\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+w6Q8\r\nL3A+\r\n" +
	"--in--\r\n" +
	"--out\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nnot the text\r\n--out--\r\n"

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		raw  string
		want Mail
	}{
		"multipart": {multipartMail, Mail{
			From: "a@example.com", To: []string{"b@example.com", "c@example.com"}, Subject: "ät stopped", MessageID: "1@example.com",
			Text: "ä long", HTML: "<p>ä</p>",
		}},
		"bare":              {"Subject: x\r\n\r\nhello\r\n", Mail{Subject: "x", Text: "hello\n"}},
		"HTML only":         {"Content-Type: text/html\r\n\r\n<p>", Mail{HTML: "<p>"}},
		"bytes of no text":  {"\r\n\xff\xfe", Mail{Text: "\uFFFD"}},
		"unknown character": {"Subject: =?x-none?q?=41?=\r\n\r\n", Mail{Subject: "=?x-none?q?=41?="}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse([]byte(tt.raw))
			if err != nil {
				t.Fatal(err)
			}
			got.Raw, got.Header = nil, nil
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	var deep strings.Builder
	for i := range maxDepth + 2 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%[1]d\r\n\r\n--b%[1]d\r\n", i)
	}
	for name, raw := range map[string]string{
		"no mail":     "hello",
		"no boundary": "Content-Type: multipart/mixed\r\n\r\nx",
		"no end":      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx",
		"bad base64":  "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
		"too deep":    deep.String(),
		"too many parts": "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", maxParts+1) +
			"--b--\r\n",
	} {
		if got, err := parse([]byte(raw)); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(multipartMail))
	f.Add([]byte("Subject: x\r\n\r\nhello"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := parse(raw)
		if err == nil && len(m.Text) > 3*len(raw) {
			t.Errorf("%d bytes grew to %d", len(raw), len(m.Text))
		}
	})
}
