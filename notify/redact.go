package notify

import (
	"context"
	"math"
	"regexp"
	"strings"
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// redact removes secrets from the messages: events carry them, and a mail is kept by people and machines that have no
// business with them.
type redact struct{}

// Exec redacts every text of the messages. Ids stay, so that they can be looked up.
func (redact) Exec(_ context.Context, in []Delivery) ([]Delivery, error) {
	for i := range in {
		m := &in[i].Message
		m.Subject, m.Summary = Redact(m.Subject), Redact(m.Summary)
		for j := range m.Sections {
			s := &m.Sections[j]
			s.Title = Redact(s.Title)
			for k := range s.Facts {
				f := &s.Facts[k]
				if secretName(f.Label) && f.Value != "" {
					f.Value = Redacted
				}
				f.Label, f.Value = Redact(f.Label), Redact(f.Value)
			}
		}
		for j := range m.Next {
			m.Next[j] = Redact(m.Next[j])
		}
	}
	return in, nil
}

// Redact returns text with what looks like a secret replaced by Redacted:
//
//   - private keys in PEM form, also when the end is missing;
//   - the value of an Authorization header, and Bearer and Basic credentials anywhere;
//   - the value after a name that means a secret (password, secretAccessKey, sessionToken, apiKey, …), written as
//     name=value, name: value, "name":"value", --name value, or in a URL's query, as in presigned requests;
//   - the password in a URL's authority;
//   - session tokens of AWS STS, JSON Web Tokens, and tokens of GitHub, GitLab and Slack, by their form;
//   - a lone word of 40 characters that has the form of an AWS secret access key.
//
// It rather takes too much than too little. Access key ids stay: they are no secret, and the first thing that a responder
// looks for. Redacting twice changes nothing. For JSON, RedactJSON knows more.
func Redact(text string) string {
	// What was cut out may leave a name before a value that had none, so look again until nothing changes. Each round
	// that changes something leaves less to find; the bound is against a mistake in that.
	for range 10 {
		next := redactOnce(text)
		if next == text {
			break
		}
		text = next
	}
	return text
}

func redactOnce(text string) string {
	if strings.Contains(text, "-----BEGIN ") {
		text = pemKey.ReplaceAllString(text, Redacted)
	}
	lower := strings.ToLower(text)
	if strings.Contains(lower, "authorization") {
		text = authorization.ReplaceAllString(text, "${1}"+Redacted)
	}
	if strings.Contains(lower, "bearer ") || strings.Contains(lower, "basic ") {
		text = scheme.ReplaceAllStringFunc(text, func(m string) string {
			name, credentials, _ := strings.Cut(m, " ")
			if !strings.ContainsAny(credentials, "0123456789+/=._") { // "basic authentication", "bearer authorization"
				return m
			}
			return name + " " + Redacted
		})
	}
	text = redactNamed(text)
	if strings.Contains(text, "://") {
		text = userinfo.ReplaceAllString(text, "${1}"+Redacted+"@")
	}
	for _, t := range knownTokens {
		if strings.Contains(text, t.sign) {
			text = t.form.ReplaceAllString(text, Redacted)
		}
	}
	return redactSecretKeys(text)
}

var (
	pemKey = regexp.MustCompile(
		`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\z)`)
	authorization = regexp.MustCompile(`(?i)(authorization\\*["']?\s*[:=]\s*\\*["']?)[^\s"'\\][^\r\n"'\\]*`)
	scheme        = regexp.MustCompile(`(?i)\b(?:bearer|basic) [A-Za-z0-9._~+/=-]{12,}`)
	userinfo      = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"']*:)[^\s/@"']+@`)
)

// knownTokens are the secrets that can be told by their form; sign is what every one of them contains.
var knownTokens = []struct {
	sign string
	form *regexp.Regexp
}{
	{"IQoJ", regexp.MustCompile(`\bIQoJ[A-Za-z0-9/+=_%-]{80,}`)}, // session tokens of AWS STS, in four generations
	{"FwoG", regexp.MustCompile(`\bFwoG[A-Za-z0-9/+=_%-]{80,}`)},
	{"FQoG", regexp.MustCompile(`\bFQoG[A-Za-z0-9/+=_%-]{80,}`)},
	{"AQoD", regexp.MustCompile(`\bAQoD[A-Za-z0-9/+=_%-]{80,}`)},
	{"eyJ", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)}, // RFC 7519
	{"gh", regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{30,}`)},
	{"github_pat_", regexp.MustCompile(`\bgithub_pat_[A-Za-z0-9_]{30,}`)},
	{"glpat-", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{"xox", regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`)},
	{"hooks.slack.com", regexp.MustCompile(`\bhooks\.slack\.com/services/[A-Za-z0-9/_-]+`)},
}

// redactSecretKeys replaces words that have the form of an AWS secret access key: 40 characters of base64 that are mixed
// as random ones are. Hexadecimal digests have no upper case; names and paths repeat their letters, or are part of an
// ARN or a host name, which the neighbouring characters tell.
func redactSecretKeys(text string) string {
	const length = 40
	var out strings.Builder
	last := 0
	for begin := 0; begin < len(text); begin++ {
		end := begin
		for end < len(text) && base64Byte(text[end]) {
			end++
		}
		if end-begin == length && looksRandom(text[begin:end]) &&
			(begin == 0 || strings.IndexByte("._-:@%", text[begin-1]) < 0) &&
			(end == len(text) || strings.IndexByte("_-:@%=", text[end]) < 0) {
			out.WriteString(text[last:begin] + Redacted)
			last = end
		}
		begin = end
	}
	if last == 0 {
		return text
	}
	out.WriteString(text[last:])
	return out.String()
}

func base64Byte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/' || c == '+'
}

// looksRandom reports whether s has lower case, upper case and digits, and an entropy of 4 bits a character or more;
// 40 random characters of base64 have 4.7 on average and practically never less than 4.2.
func looksRandom(s string) bool {
	var count [128]int
	var lower, upper, digit bool
	for i := range len(s) {
		c := s[i]
		count[c&127]++
		lower = lower || c >= 'a' && c <= 'z'
		upper = upper || c >= 'A' && c <= 'Z'
		digit = digit || c >= '0' && c <= '9'
	}
	entropy := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			entropy -= p * math.Log2(p)
		}
	}
	return lower && upper && digit && entropy >= 4
}
