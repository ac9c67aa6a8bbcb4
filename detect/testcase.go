package detect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"riposte.dev/conf"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/finding"
)

// Case is one test of a rule: an event, and what the rule makes of it.
type Case struct {
	Name     string
	Event    *event.Envelope
	Expect   Expectation
	Position conf.Position
}

// Expectation is what a rule is to make of an event. The zero value of a field is not compared.
type Expectation struct {
	None     bool            // the rule does not match
	Finding  finding.Label   // a finding of this severity
	Playbook string          // this playbook starts
	Title    string          // of the match
	Input    json.RawMessage // of the playbook
	Plan     []string        // calls that the playbook would make, such as cloudtrail:StartLogging
	Escalate *Escalation
}

// Escalation is what a test expects to start where the event is one break too many. The zero value of a field is not compared.
type Escalation struct {
	Playbook string
	Input    json.RawMessage
}

// expectation is Expectation as it is written: none, or an object.
type expectation struct{ Expectation }

type expectationFile struct {
	Finding  string   `yaml:"finding"`
	Playbook string   `yaml:"playbook"`
	Title    string   `yaml:"title"`
	Input    conf.Raw `yaml:"input"`
	Plan     []string `yaml:"plan"`
	Escalate *struct {
		Playbook string   `yaml:"playbook"`
		Input    conf.Raw `yaml:"input"`
	} `yaml:"escalate"`
}

// UnmarshalConf reads none or an object.
func (e *expectation) UnmarshalConf(n *conf.Node) error {
	if n.Kind == conf.String && n.Text == "none" {
		e.None = true
		return nil
	}
	if n.Kind != conf.Object || len(n.Fields) == 0 {
		return fault.New(fault.Invalid, "expect says nothing to compare").
			WithHint("write none, or {finding: HIGH, playbook: NAME}")
	}
	var f expectationFile
	if err := n.Decode(&f); err != nil {
		return err
	}
	e.Expectation = Expectation{Finding: finding.Label(f.Finding), Playbook: f.Playbook, Title: f.Title, Input: f.Input.JSON, Plan: f.Plan}
	if f.Escalate != nil {
		e.Escalate = &Escalation{Playbook: f.Escalate.Playbook, Input: f.Escalate.Input.JSON}
	}
	return nil
}

// ConfSchema describes none or an object.
func (expectation) ConfSchema() conf.Schema {
	text, texts := conf.Schema{"type": "string"}, conf.Schema{"type": "array", "items": conf.Schema{"type": "string"}}
	escalation := conf.Schema{"type": "object", "additionalProperties": false, "properties": conf.Schema{"playbook": text, "input": conf.Schema{}}}
	return conf.Schema{"anyOf": []conf.Schema{{"const": "none"}, {"type": "object", "minProperties": 1, "additionalProperties": false,
		"properties": conf.Schema{"finding": finding.Label("").ConfSchema(), "playbook": text, "title": text, "input": conf.Schema{}, "plan": texts,
			"escalate": escalation}}}}
}

// testCase checks a test and builds its event.
func (c *checker) testCase(path string, f *caseFile, rule *ruleFile) Case {
	t := Case{Name: f.Name, Expect: f.Expect.Expectation, Position: f.At}
	e := t.Expect
	if e.Finding != "" && Rank(e.Finding) < 0 {
		c.fail(path+".expect.finding", suggestLabel(string(e.Finding)), "unknown severity %q", e.Finding)
	}
	if e.Finding != "" && rule.Finding == nil {
		c.fail(path+".expect.finding", "add finding: to the rule, or remove it here", "the rule raises no finding")
	}
	if e.Playbook != "" && rule.Respond == nil {
		c.fail(path+".expect.playbook", "add respond: to the rule, or remove it here", "the rule starts no playbook")
	}
	if (len(e.Plan) > 0 || e.Input != nil) && rule.Respond == nil {
		c.fail(path+".expect", "add respond: to the rule, or remove plan and input here", "the rule starts no playbook")
	}
	if e.Escalate != nil && (rule.Respond == nil || rule.Respond.Escalate == nil) {
		c.fail(path+".expect.escalate", "add respond.escalate: to the rule, or remove it here", "the rule does not escalate")
	}
	for i, call := range e.Plan {
		if service, operation, ok := strings.Cut(call, ":"); !ok || service == "" || operation == "" {
			c.fail(fmt.Sprintf("%s.expect.plan[%d]", path, i), "write service:Operation, such as cloudtrail:StartLogging", "%q is not a call", call)
		}
	}
	var err error
	switch {
	case (f.Event == nil) == (f.Record == nil):
		c.fail(path, "event: is an EventBridge envelope, record: a CloudTrail record", "the test needs one of event and record")
	case f.Event != nil:
		t.Event, err = testEnvelope(f.Event)
	default:
		t.Event, err = testRecord(f.Record)
	}
	if err != nil {
		c.fail(path, fault.Hint(err), "%s", fault.Message(err))
	}
	return t
}

// What a test's event holds unless it says otherwise, so that a test shows what matters.
const (
	testAccount = "111122223333"
	testRegion  = "us-east-1"
	testTime    = "2024-05-01T12:00:00Z"
	testID      = "11111111-2222-4333-8444-555555555555"
)

// testEnvelope completes an envelope with version, id, account, region, time and resources.
func testEnvelope(n *conf.Node) (*event.Envelope, error) {
	raw, err := complete(n, map[string]any{
		"version": "0", "id": testID, "account": testAccount, "region": testRegion, "time": testTime, "resources": []any{},
	})
	if err != nil {
		return nil, err
	}
	return event.Parse(raw)
}

// testRecord completes a CloudTrail record with what every record has and wraps it as EventBridge does.
func testRecord(n *conf.Node) (*event.Envelope, error) {
	raw, err := complete(n, map[string]any{
		"eventVersion": "1.08", "eventTime": testTime, "awsRegion": testRegion, "sourceIPAddress": "192.0.2.10",
		"userAgent": "aws-cli/2.15.0", "requestParameters": nil, "responseElements": nil,
		"requestID": "66666666-7777-4888-9999-000000000000", "eventID": testID, "readOnly": false,
		"eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": testAccount, "eventCategory": "Management",
	})
	if err != nil {
		return nil, err
	}
	return event.FromCloudTrail(raw)
}

// complete adds what the object leaves out.
func complete(n *conf.Node, defaults map[string]any) ([]byte, error) {
	if n.Kind != conf.Object {
		return nil, fault.New(fault.Invalid, "a test's event must be an object, not a %s", n.Kind)
	}
	out := *n
	out.Fields = slices.Clone(n.Fields)
	for name, value := range defaults {
		if n.Get(name) != nil {
			continue
		}
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, fault.New(fault.Internal, "encoding the default of %s: %w", name, err)
		}
		doc, err := conf.Parse("default.json", raw)
		if err != nil {
			return nil, err
		}
		out.Fields = append(out.Fields, conf.Field{Name: name, Value: doc.Root})
	}
	return out.JSON(), nil
}
