package action

import (
	"encoding/json"
	"testing"
	"time"

	"riposte.dev/fault"
)

func samplePlan() *Plan {
	return &Plan{Action: "cloudtrail.start-logging", Account: "111122223333", Region: "eu-west-1", Items: []Item{{
		ID: "t", Resource: Resource{Type: "AWS::CloudTrail::Trail", ARN: "arn:t", Account: "111122223333", Region: "eu-west-1"},
		Status: Change, Reason: "it does not log",
		Calls: []Call{{Service: "cloudtrail", Operation: "StartLogging", Account: "111122223333", Region: "eu-west-1",
			Input: json.RawMessage(`{"Name":"arn:t","Other":1}`)}},
		Before: json.RawMessage(`{"logging":false}`), After: json.RawMessage(`{"logging":true}`),
	}}}
}

func TestHashNamesWhatWouldBeDone(t *testing.T) {
	want, err := samplePlan().Hash()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*Plan)
		same   bool
	}{
		{"spelling", func(p *Plan) { p.Items[0].Calls[0].Input = json.RawMessage(`{ "Other": 1, "Name": "arn:t" }`) }, true},
		{"the reason", func(p *Plan) { p.Items[0].Reason = "because" }, true},
		{"owner and tags", func(p *Plan) {
			p.Items[0].Resource.Owner, p.Items[0].Resource.Tags = &Owner{Contact: "a@example.com"}, map[string]string{"a": "b"}
		}, true},
		{"receipts", func(p *Plan) { p.Items[0].Receipts = []Receipt{{RequestID: "r", At: time.Unix(1, 0)}} }, true},
		{"action", func(p *Plan) { p.Action = "x" }, false},
		{"account", func(p *Plan) { p.Account = "x" }, false},
		{"region", func(p *Plan) { p.Region = "x" }, false},
		{"status", func(p *Plan) { p.Items[0].Status = Excepted }, false},
		{"resource", func(p *Plan) { p.Items[0].Resource.ARN = "arn:u" }, false},
		{"no calls", func(p *Plan) { p.Items[0].Calls = nil }, false},
		{"input", func(p *Plan) { p.Items[0].Calls[0].Input = json.RawMessage(`{"Name":"arn:u","Other":1}`) }, false},
		{"where the call goes", func(p *Plan) { p.Items[0].Calls[0].Region = "us-east-1" }, false},
		{"before", func(p *Plan) { p.Items[0].Before = json.RawMessage(`{"logging":true}`) }, false},
		{"after", func(p *Plan) { p.Items[0].After = nil }, false},
		{"one more item", func(p *Plan) { p.Items = append(p.Items, p.Items[0]) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := samplePlan()
			tt.change(p)
			got, err := p.Hash()
			if err != nil {
				t.Fatal(err)
			}
			if (got == want) != tt.same {
				t.Errorf("same hash = %v, want %v", got == want, tt.same)
			}
		})
	}
}

func TestHashOfBrokenJSON(t *testing.T) {
	p := samplePlan()
	p.Items[0].Before = json.RawMessage(`{"a":1,"a":2}`)
	if _, err := p.Hash(); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("error = %v, want code invalid", err)
	}
}

func TestSameState(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":[1,2]}`, `{ "b": [1, 2], "a": 1.0 }`, true},
		{`{"a":1}`, `{"a":2}`, false},
		{`[1,2]`, `[2,1]`, false},
		{``, `null`, true},
		{``, `{}`, false},
		{`{broken`, `{broken`, true},
		{`{broken`, `{}`, false},
	}
	for _, tt := range tests {
		if got := SameState(json.RawMessage(tt.a), json.RawMessage(tt.b)); got != tt.want {
			t.Errorf("SameState(%s, %s) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}
