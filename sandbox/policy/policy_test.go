package policy

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// statement wraps the inner members of one statement.
func statement(inner string) string {
	return `{"Version":"2012-10-17","Statement":[{` + inner + `}]}`
}

func parsed(t testing.TB, texts ...string) []*Document {
	t.Helper()
	var docs []*Document
	for _, text := range texts {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		docs = append(docs, d)
	}
	return docs
}

const trailARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"

func TestEvaluate(t *testing.T) {
	const everything = `"Effect":"Allow","Action":"*","Resource":"*"`
	for _, tc := range []struct {
		name string
		docs []string
		want Decision
	}{
		{"nothing", nil, ImplicitDeny},
		{"everything", []string{statement(everything)}, Allowed},
		{"one action", []string{statement(`"Effect":"Allow","Action":"cloudtrail:StopLogging","Resource":"*"`)}, Allowed},
		{"case of actions", []string{statement(`"Effect":"Allow","Action":"CloudTrail:stoplogging","Resource":"*"`)}, Allowed},
		{"wildcard action", []string{statement(`"Effect":"Allow","Action":["s3:*","cloudtrail:St?pL*"],"Resource":"*"`)}, Allowed},
		{"another action", []string{statement(`"Effect":"Allow","Action":"cloudtrail:StartLogging","Resource":"*"`)}, ImplicitDeny},
		{"not an action", []string{statement(`"Effect":"Allow","NotAction":["iam:*","cloudtrail:S*"],"Resource":"*"`)}, ImplicitDeny},
		{"all but others", []string{statement(`"Effect":"Allow","NotAction":"iam:*","Resource":"*"`)}, Allowed},
		{"resource", []string{statement(`"Effect":"Allow","Action":"*","Resource":"arn:aws:cloudtrail:*:111122223333:trail/ma*"`)}, Allowed},
		{"another resource", []string{statement(`"Effect":"Allow","Action":"*","Resource":"arn:aws:cloudtrail:*:*:trail/other"`)}, ImplicitDeny},
		{"not a resource", []string{statement(`"Effect":"Allow","Action":"*","NotResource":"arn:aws:cloudtrail:*"`)}, ImplicitDeny},
		{"variable in a resource", []string{statement(`"Effect":"Allow","Action":"*","Resource":"arn:aws:cloudtrail:us-east-1:*:trail/${aws:username}"`)}, Allowed},
		{"unknown variable", []string{statement(`"Effect":"Allow","Action":"*","Resource":"arn:aws:cloudtrail:us-east-1:*:trail/${aws:nothing}"`)}, ImplicitDeny},
		{"variable with a default", []string{statement(`"Effect":"Allow","Action":"*","Resource":"arn:aws:cloudtrail:us-east-1:*:trail/${aws:nothing, 'main'}"`)}, Allowed},
		{"a star that is itself", []string{statement(`"Effect":"Allow","Action":"*","Resource":"arn:aws:cloudtrail:*:*:trail/${*}"`)}, ImplicitDeny},
		{"a star in a value", []string{statement(`"Effect":"Allow","Action":"*","Resource":"arn:aws:cloudtrail:*:*:trail/${aws:starry}"`)}, ImplicitDeny},
		{"deny wins", []string{statement(everything), statement(`"Effect":"Deny","Action":"cloudtrail:Stop*","Resource":"*"`)}, ExplicitDeny},
		{"deny of another action", []string{statement(everything), statement(`"Effect":"Deny","Action":"cloudtrail:Delete*","Resource":"*"`)}, Allowed},
		{"a statement that is no list", []string{`{"Statement":{` + everything + `}}`}, Allowed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &Request{Action: "cloudtrail:StopLogging", Resource: trailARN, Context: Context{"aws:username": {"main"}, "aws:starry": {"*"}}}
			if got := Evaluate(parsed(t, tc.docs...), r); got != tc.want {
				t.Errorf("decision %d, want %d", got, tc.want)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	ctx := Context{
		"aws:sourceip": {"198.51.100.7"}, "aws:username": {"alice"}, "aws:currenttime": {"2026-03-01T10:00:00Z"},
		"aws:tokenissuetime": {"2026-03-01T09:00:00Z"}, "aws:securetransport": {"true"}, "aws:principalarn": {"arn:aws:iam::1:role/ops/admin"},
		"aws:tagkeys": {"owner", "team"}, "n": {"5"}, "stars": {"a*"}, "ip6": {"2001:db8::1"},
	}
	for _, tc := range []struct {
		condition string
		want      bool
	}{
		{`{"StringEquals":{"aws:username":["bob","alice"]}}`, true},
		{`{"StringEquals":{"aws:UserName":"Alice"}}`, false},
		{`{"StringEqualsIgnoreCase":{"aws:username":"ALICE"}}`, true},
		{`{"StringNotEquals":{"aws:username":["bob","alice"]}}`, false},
		{`{"StringNotEquals":{"missing":"x"}}`, true},
		{`{"StringEquals":{"missing":"x"}}`, false},
		{`{"StringEqualsIfExists":{"missing":"x"}}`, true},
		{`{"StringLike":{"aws:username":"al*"}}`, true},
		{`{"StringNotLike":{"aws:username":"al*"}}`, false},
		{`{"StringLike":{"aws:username":"${aws:username}"}}`, true},
		{`{"StringEquals":{"stars":"a${*}"}}`, true},
		{`{"StringLike":{"stars":"?${*}"}}`, true},
		{`{"Bool":{"aws:SecureTransport":true}}`, true},
		{`{"Bool":{"aws:SecureTransport":"false"}}`, false},
		{`{"Null":{"aws:MultiFactorAuthPresent":"true"}}`, true},
		{`{"Null":{"aws:username":"true"}}`, false},
		{`{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.0/24"]}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"198.51.100.7"}}`, true},
		{`{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, false},
		{`{"IpAddress":{"ip6":"2001:db8::/32"}}`, true},
		{`{"IpAddress":{"aws:username":"0.0.0.0/0"}}`, false},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}`, true},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:*"}}`, false},
		{`{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::1:role/other"}}`, true},
		{`{"DateLessThan":{"aws:TokenIssueTime":"2026-03-01T09:30:00Z"}}`, true},
		{`{"DateGreaterThanEquals":{"aws:CurrentTime":"2026-03-01T10:00:00Z"}}`, true},
		{`{"DateGreaterThan":{"aws:CurrentTime":"1772359200"}}`, false},
		{`{"DateNotEquals":{"aws:CurrentTime":"2026-03-01"}}`, true},
		{`{"NumericLessThan":{"n":"10"}}`, true},
		{`{"NumericGreaterThanEquals":{"n":5}}`, true},
		{`{"NumericEquals":{"aws:username":5}}`, false},
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["owner","team","x"]}}`, true},
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["owner"]}}`, false},
		{`{"ForAllValues:StringEquals":{"missing":["owner"]}}`, true},
		{`{"ForAnyValue:StringEquals":{"aws:TagKeys":["team","x"]}}`, true},
		{`{"ForAnyValue:StringEquals":{"missing":["team"]}}`, false},
		{`{"ForAnyValue:StringNotEquals":{"aws:TagKeys":["team"]}}`, true},
		{`{"StringEquals":{"aws:username":"alice"},"Bool":{"aws:securetransport":"false"}}`, false},
	} {
		doc := parsed(t, statement(`"Effect":"Allow","Action":"*","Resource":"*","Condition":`+tc.condition))
		r := &Request{Action: "a:b", Resource: "*", Context: ctx}
		if got := Evaluate(doc, r) == Allowed; got != tc.want {
			t.Errorf("%s holds: %v, want %v", tc.condition, got, tc.want)
		}
	}
}

func TestPrincipals(t *testing.T) {
	user := Request{PrincipalARN: "arn:aws:iam::1:user/u", AccountID: "1"}
	session := Request{PrincipalARN: "arn:aws:sts::1:assumed-role/r/s", IssuerARN: "arn:aws:iam::1:role/r", AccountID: "1"}
	service := Request{Service: "cloudtrail.amazonaws.com"}
	for _, tc := range []struct {
		principal   string
		r           Request
		want, names bool
	}{
		{`"Principal":"*"`, user, true, false},
		{`"Principal":{"AWS":"*"}`, user, true, false},
		{`"Principal":{"AWS":"1"}`, user, true, false},
		{`"Principal":{"AWS":"arn:aws:iam::1:root"}`, session, true, false},
		{`"Principal":{"AWS":["x","arn:aws:iam::1:user/u"]}`, user, true, true},
		{`"Principal":{"AWS":"arn:aws:iam::1:role/r"}`, session, true, true},
		{`"Principal":{"AWS":"arn:aws:sts::1:assumed-role/r/s"}`, session, true, true},
		{`"Principal":{"AWS":"2"}`, user, false, false},
		{`"Principal":{"Service":"cloudtrail.amazonaws.com"}`, service, true, false},
		{`"Principal":{"Service":"ec2.amazonaws.com"}`, service, false, false},
		{`"Principal":{"Service":"cloudtrail.amazonaws.com"}`, user, false, false},
		{`"Principal":{"Federated":"x"}`, user, false, false},
		{`"NotPrincipal":{"AWS":"1"}`, user, false, false},
		{`"NotPrincipal":{"AWS":"2"}`, user, true, false},
	} {
		docs := parsed(t, statement(`"Effect":"Allow","Action":"*",`+tc.principal))
		tc.r.Action = "sts:AssumeRole"
		if got := Evaluate(docs, &tc.r) == Allowed; got != tc.want {
			t.Errorf("%s for %+v: %v", tc.principal, tc.r, got)
		}
		if got := docs[0].Names(&tc.r); got != tc.names {
			t.Errorf("%s names %+v: %v", tc.principal, tc.r, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ text, part string }{
		{``, "not valid JSON"},
		{`{}`, "no Statement"},
		{`{"Statement":[]} x`, "text after"},
		{`{"Version":"2020-01-01","Statement":[]}`, "2012-10-17"},
		{`{"Statements":[]}`, "unknown field"},
		{statement(`"Effect":"allow","Action":"*","Resource":"*"`), "write Allow or Deny"},
		{statement(`"Effect":"Allow","Resource":"*"`), "Action or NotAction"},
		{statement(`"Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*"`), "Action or NotAction"},
		{statement(`"Effect":"Allow","Action":"StopLogging","Resource":"*"`), "service:StopLogging"},
		{statement(`"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"`), "exclude"},
		{statement(`"Effect":"Allow","Action":"*","Principal":"me"`), "Principal"},
		{statement(`"Effect":"Allow","Action":"*","Principal":{"User":"me"}`), "unknown field"},
		{statement(`"Effect":"Allow","Action":"*","Principal":"*","NotPrincipal":"*"`), "exclude"},
		{statement(`"Effect":"Allow","Action":{"a":1},"Resource":"*"`), "list of strings"},
		{statement(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringAlike":{"a":"b"}}`), "StringAlike"},
		{statement(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a":[]}}`), "no value"},
		{`{"Statement":[` + strings.Repeat(" ", MaxSize) + `]}`, "at most"},
	} {
		if _, err := Parse([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.part) {
			t.Errorf("%.80s: error is %v, want %q", tc.text, err, tc.part)
		}
	}
}

// TestLike compares with a regular expression of the same meaning.
func TestLike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ab]{0,12}`).Draw(t, "text")
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		re := regexp.MustCompile("^" + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + "$")
		if Like(text, pattern) != re.MatchString(text) {
			t.Fatalf("Like(%q, %q) is %v", text, pattern, Like(text, pattern))
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(statement(`"Effect":"Allow","Action":"*","Resource":"${aws:username}","Principal":{"AWS":"1"},"Condition":{"ForAllValues:StringLikeIfExists":{"a":["b"]}}`))
	f.Add(`{"Statement":{"Effect":"Deny","NotAction":["s3:*"],"NotResource":"*","NotPrincipal":"*","Condition":{"Null":{"a":true}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse([]byte(text))
		if err != nil {
			return
		}
		r := &Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: Context{"a": {"b"}}}
		Evaluate([]*Document{d}, r)
		d.Names(r)
	})
}

func ExampleEvaluate() {
	doc, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"cloudtrail:*","Resource":"*"},
		{"Effect":"Deny","Action":"cloudtrail:StopLogging","Resource":"*"}]}`))
	if err != nil {
		panic(err)
	}
	start := &Request{Action: "cloudtrail:StartLogging", Resource: trailARN}
	stop := &Request{Action: "cloudtrail:StopLogging", Resource: trailARN}
	fmt.Println(Evaluate([]*Document{doc}, start) == Allowed, Evaluate([]*Document{doc}, stop) == ExplicitDeny)
	// Output: true true
}
