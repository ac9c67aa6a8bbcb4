package lambda

import (
	"testing"
)

func TestStatementsForEverybody(t *testing.T) {
	for _, tt := range []struct {
		name, statement string
		public          int
		odd             string
	}{
		{"everybody", `"Principal":"*"`, 1, ""},
		{"every account", `"Principal":{"AWS":"*"}`, 1, ""},
		{"an account", `"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`, 0, ""},
		{"a service", `"Principal":{"Service":"s3.amazonaws.com"}`, 0, ""},
		{"an account in a condition", `"Principal":"*","Condition":{"StringEquals":{"AWS:SourceAccount":"111122223333"}}`, 0, ""},
		{"a URL for everybody", `"Principal":"*","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}`, 1, ""},
		{"whoever comes by the URL", `"Principal":"*","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}`, 1, ""},
		{"whoever doesn't come by the URL", `"Principal":"*","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"false"}}`, 0, "s"},
		{"a URL for who signs", `"Principal":"*","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}}`, 0, ""},
		{"a condition that can't be restored", `"Principal":"*","Condition":{"StringEquals":{"lambda:EventSourceToken":"amzn1"}}`, 0, "s"},
		{"that and a source", `"Principal":"*","Condition":{"Bool":{"x:y":"true"},"ArnLike":{"AWS:SourceArn":"arn:aws:sns:eu-west-1:111122223333:t"}}`, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseGrants(`{"Statement":[{"Sid":"s","Effect":"Allow","Action":"lambda:InvokeFunction",` + tt.statement + `}]}`)
			if err != nil || len(got.Public) != tt.public || got.odd != tt.odd {
				t.Errorf("%+v, %v; want %d public ones, odd %q", got, err, tt.public, tt.odd)
			}
		})
	}
	if _, err := parseGrants(`{`); err == nil {
		t.Error("a policy that is no JSON is read")
	}
}
