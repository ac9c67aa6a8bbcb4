package notify

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Written for these tests; none of them opens anything.
const (
	fakeSecretKey    = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	fakeSessionToken = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDExampleExampleExampleExampleExampleExampleExample/Example+Example=="
	fakeJWT          = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLXRoZS10ZXN0"
)

func TestRedact(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing secret", "alice stopped the trail main in us-east-1", "alice stopped the trail main in us-east-1"},
		{"access key id stays", "with AKIAIOSFODNN7EXAMPLE", "with AKIAIOSFODNN7EXAMPLE"},
		{"lone secret key", "key " + fakeSecretKey + ", leaked", "key [redacted], leaked"},
		{"named secret key", "aws_secret_access_key=short", "aws_secret_access_key=[redacted]"},
		{"name in words", "Secret access key: abc def", "Secret access key: [redacted] def"},
		{"name at the end of a sentence", "she found the session token: abc", "she found the session token: [redacted]"},
		{"quoted", `password="a b", user=bob`, `password="[redacted]", user=bob`},
		{"quoted with escapes", `"masterUserPassword": "a\"b", "x": 1`, `"masterUserPassword": "[redacted]", "x": 1`},
		{"single quotes", `Password => 'a b' next`, `Password => '[redacted]' next`},
		{"quote without an end", `password: "a b c`, `password: "[redacted]`},
		{"JSON in JSON", `"body":"{\"password\":\"a b\",\"n\":1}"`, `"body":"{\"password\":\"[redacted]\",\"n\":1}"`},
		{"flag", "mysql --password hunter2 --host db", "mysql --password [redacted] --host db"},
		{"flag with equals sign", "mysql --password=hunter2 --host db", "mysql --password=[redacted] --host db"},
		{"header", "Authorization: AWS4-HMAC-SHA256 Credential=AKIAX/2026, Signature=ab\nHost: x", "Authorization: [redacted]\nHost: x"},
		{"header in quotes", `{"Authorization":"Bearer abcdef0123456789"}`, `{"Authorization":"[redacted]"}`},
		{"bearer", "sent Bearer abc.def-0123456789 to it", "sent Bearer [redacted] to it"},
		{"basic authentication is no credential", "it uses basic authentication now", "it uses basic authentication now"},
		{"session token by its form", "x " + fakeSessionToken + " y", "x [redacted] y"},
		{"JSON web token", "jwt " + fakeJWT, "jwt [redacted]"},
		{"GitHub", "ghp_0123456789abcdefghijABCDEFGHIJ012345", "[redacted]"},
		{"Slack", "https://hooks.slack.com/services/T0/B0/xyz", "https://[redacted]"},
		{"URL with a password", "postgres://app:hunter2@db:5432/x", "postgres://app:[redacted]@db:5432/x"},
		{
			"presigned URL", "https://b.s3.amazonaws.com/k?X-Amz-Date=2026&X-Amz-Security-Token=abc%2F&X-Amz-Signature=0123&x=1",
			"https://b.s3.amazonaws.com/k?X-Amz-Date=2026&X-Amz-Security-Token=[redacted]&X-Amz-Signature=[redacted]&x=1",
		},
		{
			"private key", "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nb",
			"a\n[redacted]\nb",
		},
		{"private key without an end", "-----BEGIN PRIVATE KEY-----\nMIIE", "[redacted]"},
		{"certificate is public", "-----BEGIN CERTIFICATE-----\nMIIE", "-----BEGIN CERTIFICATE-----\nMIIE"},
		{
			"ARN of a secret", "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf",
			"arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf",
		},
		{"SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{"counts of calls", "GetSessionToken: 3, ChangePassword: 2", "GetSessionToken: 3, ChangePassword: 2"},
		{"policy", "password policy weakened: minimum length 4", "password policy weakened: minimum length 4"},
		{"paging token", "nextToken=abc clientRequestToken=def", "nextToken=abc clientRequestToken=def"},
		{"truth value", "passwordResetRequired: true", "passwordResetRequired: true"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Redact(tt.in); got != tt.want {
				t.Errorf("Redact(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestRedactJSON(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", ` { "b" : 1.50, "a" : [true, null, "x"] } `, `{"b":1.50,"a":[true,null,"x"]}`},
		{"member", `{"Password":"x","passwordReset":true,"password":null}`, `{"Password":"[redacted]","passwordReset":true,"password":null}`},
		{"number", `{"secret":123}`, `{"secret":"[redacted]"}`},
		{
			"credentials", `{"credentials":{"accessKeyId":"AKIAX","secretAccessKey":"s","sessionToken":"t"}}`,
			`{"credentials":{"accessKeyId":"AKIAX","secretAccessKey":"[redacted]","sessionToken":"[redacted]"}}`,
		},
		{"everything below", `{"secret":{"a":["x",{"b":"y"}]}}`, `{"secret":{"a":["[redacted]",{"b":"[redacted]"}]}}`},
		{"pair", `[{"value":"x","name":"DB_PASSWORD"},{"name":"HOST","value":"db"}]`, `[{"value":"[redacted]","name":"DB_PASSWORD"},{"name":"HOST","value":"db"}]`},
		{"text", `{"cmd":"run --password x"}`, `{"cmd":"run --password [redacted]"}`},
		{"JSON in a text", `{"body":"{\"token\":\"x\",\"n\":1}"}`, `{"body":"{\"token\":\"[redacted]\",\"n\":1}"}`},
		{"duplicate names", `{"token":"a","token":"b"}`, `{"token":"[redacted]","token":"[redacted]"}`},
		{"secret as a name", `{"` + fakeSecretKey + `":1}`, `{"[redacted]":1}`},
		{"empty secret", `{"password":""}`, `{"password":""}`},
		{"bare text", `"Bearer abcdef0123456789"`, `"Bearer [redacted]"`},
		{"empty containers", `{"a":{},"b":[]}`, `{"a":{},"b":[]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := RedactJSON([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRedactJSONRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"no JSON":      `{"password":`,
		"two values":   `{} {}`,
		"nothing":      ``,
		"too deep":     strings.Repeat("[", 200) + strings.Repeat("]", 200),
		"far too deep": strings.Repeat("[", 20000),
		"too large":    `"` + strings.Repeat("x", maxJSONBytes) + `"`,
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := RedactJSON([]byte(in)); err == nil {
				t.Errorf("accepted as %.60s", out)
			}
		})
	}
}

// Whatever a secret key is made of, it does not get through with its name, and practically never without.
func TestRedactFindsSecretKeys(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	rng := rand.New(rand.NewPCG(1, 2))
	missed := 0
	for range 2000 {
		key := make([]byte, 40)
		for i := range key {
			key[i] = alphabet[rng.IntN(len(alphabet))]
		}
		if strings.Contains(Redact("secretAccessKey: "+string(key)+" in a log"), string(key)) {
			t.Fatalf("%s got through with its name", key)
		}
		if strings.Contains(Redact("see "+string(key)+" in a log"), string(key)) {
			missed++
		}
	}
	if missed > 4 { // the chance that 40 random characters have no digit is 0.1 %
		t.Errorf("%d of 2000 lone keys got through", missed)
	}
}

func TestRedactTwiceChangesNothing(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"password", "token", "=", ": ", "\"", "'", `\"`, " ", "\n", "--", "secret", "arn:", "abc", fakeSecretKey, Redacted,
		"Authorization: ", "Bearer ", "x0123456789abc", "://u:", "@", "&", "?", "-----BEGIN PRIVATE KEY-----", "12", ",", "é",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 15).Draw(t, "pieces"), "")
		once := Redact(text)
		if twice := Redact(once); twice != once {
			t.Fatalf("%q\n once %q\ntwice %q", text, once, twice)
		}
	})
}

func TestRedactStageKnowsLabels(t *testing.T) {
	m := Message{
		ID: "m", Subject: "Bearer abcdef0123456789", Summary: "password=x", Next: []string{"login --token abc"},
		Sections: []Section{{Title: "What", Facts: []Fact{{Label: "Session token", Value: "abc def"}, {Label: "User", Value: "bob"}}}},
	}
	out, err := redact{}.Exec(context.Background(), []Delivery{{Message: m}})
	if err != nil {
		t.Fatal(err)
	}
	want := Message{
		ID: "m", Subject: "Bearer [redacted]", Summary: "password=[redacted]", Next: []string{"login --token [redacted]"},
		Sections: []Section{{Title: "What", Facts: []Fact{{Label: "Session token", Value: "[redacted]"}, {Label: "User", Value: "bob"}}}},
	}
	if diff := cmp.Diff(want, out[0].Message); diff != "" {
		t.Error(diff)
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(`{"password":"x"}`)
	f.Add("Authorization: Basic abc\npassword='x' https://u:p@h/?token=1&b=2")
	f.Add("-----BEGIN PRIVATE KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		const secret = "hunter2hunter2"
		if got := Redact(text + "\npassword: " + secret); strings.Contains(got, secret) {
			t.Errorf("a secret got through after %q: %q", text, got)
		}
		if once := Redact(text); Redact(once) != once {
			t.Errorf("redacting %q twice changes it: %q, %q", text, once, Redact(once))
		}
	})
}

func FuzzRedactJSON(f *testing.F) {
	f.Add([]byte(`{"password":"x","a":[1,"{\"token\":\"y\"}"]}`))
	f.Add([]byte(`[{"name":"PASSWORD","value":"x"}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		const secret = "hunter2hunter2"
		out, err := RedactJSON(append(append([]byte(`{"rest":`), raw...), `,"password":"`+secret+`"}`...))
		if err == nil && strings.Contains(string(out), `"password":"`+secret) {
			t.Errorf("a secret got through: %s", out)
		}
		once, err := RedactJSON(raw)
		if err != nil {
			return
		}
		if twice, err := RedactJSON(once); err != nil || string(twice) != string(once) {
			t.Errorf("redacting %q twice: %q, then %q, %v", raw, once, twice, err)
		}
	})
}
