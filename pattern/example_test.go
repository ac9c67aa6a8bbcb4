package pattern_test

import (
	"errors"
	"fmt"

	"riposte.dev/pattern"
)

func Example() {
	m := pattern.New()
	for name, text := range map[string]string{
		"trail-stopped": `{"source": ["aws.cloudtrail"], "detail": {"eventName": ["StopLogging"]}}`,
		"from-outside": `{"source": [{"prefix": "aws."}], "detail": {"sourceIPAddress": [{"anything-but": {"prefix": "10."}}],
			"errorCode": [{"exists": false}]}}`,
	} {
		p, err := pattern.Parse([]byte(text))
		if err != nil {
			fmt.Println(err)
			return
		}
		m.Add(name, p)
	}
	names, err := m.Match([]byte(`{"source": "aws.cloudtrail", "detail": {"eventName": "StopLogging", "sourceIPAddress": "203.0.113.7"}}`))
	fmt.Println(names, err)
	// Output: [from-outside trail-stopped] <nil>
}

func ExampleParse() {
	_, err := pattern.Parse([]byte(`{
  "source": "aws.ec2",
  "detail": {"state": [{"prefix": 5}]}
}`))
	var mistakes pattern.SyntaxErrors
	if errors.As(err, &mistakes) {
		for _, m := range mistakes {
			fmt.Println(m.Line, m.Col, m.JSONPath(), m.Msg)
		}
	}
	// Output:
	// 2 13 $.source a field's values stand in a list, found the string "aws.ec2"
	// 3 35 $.detail.state[0].prefix prefix takes a string, found the number 5
}

func ExamplePattern_Match() {
	p, err := pattern.Parse([]byte(`{"detail": {"ports": {"from": [{"numeric": ["<=", 22]}], "cidr": ["0.0.0.0/0"]}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	// Both fields have to come from the same element of the array.
	fmt.Println(p.Match([]byte(`{"detail": {"ports": [{"from": 22, "cidr": "0.0.0.0/0"}]}}`)))
	fmt.Println(p.Match([]byte(`{"detail": {"ports": [{"from": 22, "cidr": "10.0.0.0/8"}, {"from": 443, "cidr": "0.0.0.0/0"}]}}`)))
	// Output:
	// true <nil>
	// false <nil>
}

func ExamplePattern_Lint() {
	p, err := pattern.Parse([]byte(`{"detail": {"eventName": ["Delete*"]}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range p.Lint() {
		fmt.Println(w)
	}
	// Output:
	// line 1, col 27, $.detail.eventName[0]: a * in "Delete*" is only a star here; for any text write {"wildcard": "Delete*"}
}
