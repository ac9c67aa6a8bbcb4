package resourcepolicy

import (
	"strings"
	"testing"

	"riposte.dev/fault"
)

func TestWithoutKeepsEveryOtherByte(t *testing.T) {
	const text = "{ \"Version\" : \"2012-10-17\",\n\t\"Statement\" : [ {\"Sid\":\"a<b\"} ,\n {\"Sid\":\"b\"},{\"Sid\": \"c\"} ] , \"Id\": \"x\" }\n"
	tests := []struct {
		name   string
		remove []int
		want   string
	}{
		{"none", nil, text},
		{"the first", []int{0}, "{ \"Version\" : \"2012-10-17\",\n\t\"Statement\" : [ {\"Sid\":\"b\"},{\"Sid\": \"c\"} ] , \"Id\": \"x\" }\n"},
		{"one in the middle", []int{1}, "{ \"Version\" : \"2012-10-17\",\n\t\"Statement\" : [ {\"Sid\":\"a<b\"},{\"Sid\": \"c\"} ] , \"Id\": \"x\" }\n"},
		{"the last", []int{2}, "{ \"Version\" : \"2012-10-17\",\n\t\"Statement\" : [ {\"Sid\":\"a<b\"} ,\n {\"Sid\":\"b\"} ] , \"Id\": \"x\" }\n"},
		{"all but the last", []int{0, 1}, "{ \"Version\" : \"2012-10-17\",\n\t\"Statement\" : [ {\"Sid\": \"c\"} ] , \"Id\": \"x\" }\n"},
		{"all", []int{0, 1, 2}, ""},
	}
	d, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := d.Without(tt.remove); got != tt.want {
				t.Errorf("left is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOneStatementByItself(t *testing.T) {
	d, err := Parse(`{"Statement":` + readByAll + `,"Version":"2012-10-17"}`)
	if err != nil {
		t.Fatal(err)
	}
	if indexes, _, err := d.Public(); err != nil || len(indexes) != 1 || d.Without(indexes) != "" {
		t.Errorf("%v are public, %v", indexes, err)
	}
}

func TestWhatIsNoPolicy(t *testing.T) {
	for _, text := range []string{
		"", "x", "[]", "{}", `{"Version":"2012-10-17"}`, `{"Statement":"x"}`, `{"Statement":[1]}`, `{"Statement":[{}]} x`, `{"Statement":[{}`,
		`{"Statement":[{"Sid":"a","Sid":"b"}]}`,
	} {
		if _, err := Parse(text); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%q: %v, want invalid with what a policy looks like", text, err)
		}
	}
	if _, err := Parse(strings.Repeat(" ", maxPolicy+1)); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("a long policy: %v, want too large", err)
	}
}

func TestEquivalent(t *testing.T) {
	base := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::b","Condition":{"NumericEquals":{"s3:max-keys":1}}},` + readByAll + `]}`
	change := func(old, with string) string {
		if !strings.Contains(base, old) {
			t.Fatalf("%s is not in the policy", old)
		}
		return strings.Replace(base, old, with, 1)
	}
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"none", "", "", true},
		{"none and one", "", base, false},
		{"white space", base, strings.ReplaceAll(base, ",", " ,\n"), true},
		{"an account's root", base, change(`"111122223333"`, `["arn:aws:iam::111122223333:root"]`), true},
		{"another account", base, change(`"111122223333"`, `"444455556666"`), false},
		{"a user of the account", base, change(`"111122223333"`, `"arn:aws:iam::111122223333:user/x"`), false},
		{"the order of actions", base, change(`["s3:GetObject","s3:ListBucket"]`, `["s3:ListBucket","s3:GetObject"]`), true},
		{"one action less", base, change(`["s3:GetObject","s3:ListBucket"]`, `["s3:ListBucket"]`), false},
		{"a list of one", base, change(`"Resource":"arn:aws:s3:::b"`, `"Resource":["arn:aws:s3:::b"]`), true},
		{"a number as a text", base, change(`:1}`, `:"1"}`), true},
		{"another effect", base, change(`"Allow"`, `"Deny"`), false},
		{"one statement by itself", `{"Statement":` + readByAll + `}`, `{"Statement":[` + readByAll + `]}`, true},
		{"what is no JSON", "x", "y", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Equivalent(tt.a, tt.b); got != tt.want {
				t.Errorf("equivalent is %v, want %v\n%s\n%s", got, tt.want, tt.a, tt.b)
			}
		})
	}
}

// What is left after removing statements is a policy with the others, in their order.
func FuzzWithout(f *testing.F) {
	f.Add(`{"Statement":[{"Sid":"a"},{"Sid":"b"}],"Version":"2012-10-17"}`, uint8(1))
	f.Add(`{ "Statement" : [ ] }`, uint8(0))
	f.Add(`{"Statement":`+readByAll+`}`, uint8(1))
	f.Fuzz(func(t *testing.T, text string, mask uint8) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		var remove []int
		var stay []string
		for i, at := range d.statements {
			if mask>>(i%8)&1 == 1 {
				remove = append(remove, i)
			} else {
				stay = append(stay, text[at.from:at.to])
			}
		}
		left := d.Without(remove)
		if len(stay) == 0 {
			if left != "" {
				t.Errorf("%q is left of nothing", left)
			}
			return
		}
		again, err := Parse(left)
		if err != nil || len(again.statements) != len(stay) {
			t.Fatalf("%q is left, %v; want %d statements", left, err, len(stay))
		}
		for i, at := range again.statements {
			if left[at.from:at.to] != stay[i] {
				t.Errorf("statement %d is %q, want %q", i, left[at.from:at.to], stay[i])
			}
		}
		if !Equivalent(left, left) {
			t.Errorf("%q is not equivalent to itself", left)
		}
	})
}
