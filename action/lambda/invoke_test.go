package lambda_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/action/lambda"
	"riposte.dev/fault"
)

func (c cloud) invocation(payload string) action.Request {
	return action.Request{Account: c.Member.ID, Region: "eu-west-1", Params: json.RawMessage(`{"function":"` + function + `","payload":` + payload + `}`), Effect: "e1/Enrich.2"}
}

// The function gets the payload and a name for the effect, and the playbook its answer.
func TestInvoke(t *testing.T) {
	c := newCloud(t)
	a := c.Action(lambda.NewInvoke)
	c.answer(`{"owner":"web"}`, false)
	p, err := a.Plan(t.Context(), c.invocation(`{"bucket":"b"}`))
	if err != nil {
		t.Fatal(err)
	}
	item := p.Items[0]
	var in struct{ ClientContext string }
	if err := json.Unmarshal(item.Calls[0].Input, &in); err != nil {
		t.Fatal(err)
	}
	context, err := base64.StdEncoding.DecodeString(in.ClientContext)
	if err != nil || string(context) != `{"custom":{"riposte_effect":"`+action.EffectID(c.invocation(""))+`"}}` {
		t.Errorf("%s, %v", context, err)
	}
	if item.Resource.Tags["team"] != "web" || len(c.made(t)) != 0 || !errors.Is(a.Verify(t.Context(), item), action.ErrNotYet) {
		t.Errorf("%+v", item)
	}
	if item.Receipts, err = a.Apply(t.Context(), item); err != nil || a.Verify(t.Context(), item) != nil {
		t.Fatal(err)
	}
	if made := c.made(t); len(made) != 1 || made[0] != `{"bucket":"b"}` || string(item.Receipts[0].Output) != `{"owner":"web"}` {
		t.Errorf("%q, %+v", made, item.Receipts)
	}
	if _, err := a.Undo(t.Context(), item); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), a.Spec().Irreversible) {
		t.Errorf("undo: %v", err)
	}
}

func TestInvokeFails(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		failed       bool
		permissions  []string
		code         fault.Code
		says         string
	}{
		{"the function fails", `{"errorType":"KeyError","errorMessage":"password=hunter2hunter2"}`, true, nil, fault.Invalid, "KeyError"},
		{"it says too much", `"` + strings.Repeat("a", action.MaxOutput) + `"`, false, nil, fault.TooLarge, "more than 65536 bytes"},
		{"it may not be invoked", `1`, false, []string{"lambda:GetFunctionConfiguration", "lambda:ListTags"}, fault.Denied, "lambda:InvokeFunction"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			permissions := tt.permissions
			if permissions == nil {
				permissions = lambda.NewInvoke(nil).Spec().Permissions
			}
			a := lambda.NewInvoke(c.Caller(permissions))
			c.answer(tt.answer, tt.failed)
			p, err := a.Plan(t.Context(), c.invocation(`1`))
			if err != nil {
				t.Fatal(err)
			}
			item := p.Items[0]
			item.Receipts, err = a.Apply(t.Context(), item)
			if fault.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2") || len(item.Receipts) == 0 {
				t.Errorf("%v (%s), want %s that says %q", err, fault.CodeOf(err), tt.code, tt.says)
			}
		})
	}
	c := newCloud(t)
	a := c.Action(lambda.NewInvoke)
	for params, code := range map[string]fault.Code{`{"function":"nobody"}`: fault.NotFound, `{}`: fault.Invalid, `{"functoin":"x"}`: fault.Invalid} {
		req := c.invocation("1")
		req.Params = json.RawMessage(params)
		if _, err := a.Plan(t.Context(), req); fault.CodeOf(err) != code || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want %s", params, err, code)
		}
	}
}

const functionARN = "arn:aws:lambda:eu-west-1:111122223333:function:" + function

// answer sets what the function gives.
func (c cloud) answer(text string, failed bool) {
	c.T.Helper()
	c.Must(c.AnswerInvocations(functionARN, json.RawMessage(text), failed))
}

// made are the payloads that the function got.
func (c cloud) made(t *testing.T) []string {
	t.Helper()
	var made []string
	for _, i := range c.Invocations(functionARN) {
		made = append(made, string(i.Payload))
	}
	return made
}
