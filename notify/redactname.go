package notify

import (
	"regexp"
	"strings"
)

// redactNamed replaces the values that follow a name that means a secret, as name=value, name: value, name => value with
// quotes of all kinds, and as --name value.
func redactNamed(text string) string {
	var out strings.Builder
	last := 0
	for at := 0; at < len(text); {
		i := strings.IndexAny(text[at:], "=:")
		if i < 0 {
			break
		}
		separator := at + i
		at = separator + 1
		if at < len(text) && text[separator] == '=' && text[at] == '>' {
			at++
		}
		for at < len(text) && (text[at] == ' ' || text[at] == '\t') {
			at++
		}
		begin, end := nameBefore(text, separator)
		name := text[begin:end]
		if !secretName(name) && !secretName(name[strings.LastIndexByte(name, ' ')+1:]) || inARN(text[:begin]) {
			continue
		}
		form := value
		if begin > 0 && (text[begin-1] == '?' || text[begin-1] == '&') {
			form = param
		}
		out.WriteString(text[last:at])
		at += redactValue(&out, form, text[at:])
		last = at
	}
	text = out.String() + text[last:]
	if !strings.Contains(text, "--") {
		return text
	}
	out.Reset()
	last = 0
	for _, loc := range option.FindAllStringIndex(text, -1) {
		if loc[0] < last || !secretName(strings.TrimSpace(text[loc[0]:loc[1]])) {
			continue
		}
		out.WriteString(text[last:loc[1]])
		last = loc[1] + redactValue(&out, value, text[loc[1]:])
	}
	return out.String() + text[last:]
}

// nameBefore finds the name that ends before a separator, behind spaces, a quote and the backslashes that escape it: up to
// three words, as in "Secret access key: ".
func nameBefore(text string, separator int) (begin, end int) {
	const longest = 100
	end = separator
	for end > 0 && (text[end-1] == ' ' || text[end-1] == '\t') {
		end--
	}
	if end > 0 && (text[end-1] == '"' || text[end-1] == '\'') {
		end--
	}
	for end > 0 && text[end-1] == '\\' {
		end--
	}
	begin = end
	for words := 1; begin > max(0, end-longest); begin-- {
		c := text[begin-1]
		if c == ' ' {
			if words++; words > 3 || begin == end || text[begin] == ' ' {
				break
			}
			continue
		}
		if !nameByte(c) {
			break
		}
	}
	for begin < end && text[begin] == ' ' {
		begin++
	}
	return begin, end
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

var (
	option = regexp.MustCompile(`--[A-Za-z][\w-]*\s+`)
	// a value in escaped quotes, in quotes, in quotes that never end, or bare
	value  = regexp.MustCompile(`^(?:(\\+")([^"]*?)(\\+")|(")(?:[^"\\\n]|\\.)*(")|(')[^'\n]*(')|(["'])[^\n]*|\S+)`)
	param  = regexp.MustCompile(`^[^\s&"']+`) // a value in a URL's query
	number = regexp.MustCompile(`^(?:\d{1,3}|true|false|null|none)[,;.)\]}]*$`)
)

// redactValue writes the marker, in the quotes of the value that text begins with, and returns how many bytes it stands
// for. A count or a truth value stays: it is no secret, and "ChangePassword: 3" is what somebody did.
func redactValue(out *strings.Builder, form *regexp.Regexp, text string) int {
	v := form.FindStringSubmatch(text)
	if v == nil || number.MatchString(v[0]) {
		return 0
	}
	if form == value { // of the alternatives one took part, the others' groups are empty
		out.WriteString(v[1] + v[4] + v[6] + v[8] + Redacted + v[3] + v[5] + v[7])
	} else {
		out.WriteString(Redacted)
	}
	return len(v[0])
}

// inARN reports whether text ends inside of an ARN: in arn:aws:secretsmanager:…:secret:name the word is no name of one.
func inARN(text string) bool {
	text = text[max(0, len(text)-2048):] // the longest ARN
	return strings.HasPrefix(text[strings.LastIndexAny(text, " \t\n\"'=,([")+1:], "arn:")
}

// secretNames are names that mean a secret, folded: alone, and secretEndings also as the end of a longer name.
// Idempotency and paging tokens (clientToken, nextToken) are none, so "token" counts only alone or with its kind.
var (
	secretNames   = map[string]bool{"token": true, "pwd": true, "pass": true, "cookie": true, "setcookie": true, "credential": true}
	secretEndings = []string{
		"password", "passwd", "passphrase", "secret", "secretkey", "secretaccesskey", "secretstring", "secretbinary",
		"sessiontoken", "securitytoken", "accesstoken", "refreshtoken", "idtoken", "authtoken", "bearertoken", "apitoken",
		"oauthtoken", "webidentitytoken", "samlassertion", "apikey", "privatekey", "signingkey", "authorization",
		"connectionstring", "xamzsignature", "userdata", "plaintext",
	}
)

// secretName reports whether a value under this name is to be taken for a secret.
func secretName(name string) bool {
	folded := fold(name)
	if secretNames[folded] {
		return true
	}
	for _, ending := range secretEndings {
		if strings.HasSuffix(folded, ending) {
			return true
		}
	}
	return false
}

// fold makes secretAccessKey, secret_access_key, "Secret access key" and --secret-access-key one name.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '-' || r == ' ' || r == '.':
			return -1
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, name)
}
