package evidence

import (
	"encoding/json"
	"slices"
	"time"

	"riposte.dev/action"
	"riposte.dev/audit"
	"riposte.dev/finding"
	"riposte.dev/notify"
	"riposte.dev/playbook"
)

// Case is everything that is known of an execution.
type Case struct {
	View     playbook.View
	UndoneBy string           // the latest execution that takes it back; "" where there is none
	Journal  []playbook.Entry // in order
	Finding  *finding.Record  // nil where the rule raised none, or it is gone
	Told     []notify.Entry   // the latest first
	Audit    []audit.Record   // of this execution, in order
	Head     audit.Head       // of the whole chain
}

// Call is an AWS call as the archive lists it.
type Call struct {
	At        time.Time `json:"at"`
	Service   string    `json:"service"`
	Operation string    `json:"operation"`
	Account   string    `json:"account"`
	Region    string    `json:"region"`
	Resource  string    `json:"resource,omitempty"` // that it was made for; "" for looking
	RequestID string    `json:"request_id,omitempty"`
	Error     string    `json:"error,omitempty"`
}

// tries lists every try of a task that reached out, in order.
func (c *Case) tries() (names []string, list []playbook.Try) {
	for _, visit := range c.View.Visits {
		for _, try := range visit.Tries {
			names, list = append(names, visit.State), append(list, try)
		}
	}
	return names, list
}

// plan is what a try planned, with what became of it as far as that is known; nil where it planned nothing.
func plan(t playbook.Try) *action.Plan {
	switch {
	case t.Effect != nil && t.Effect.Plan != nil:
		return t.Effect.Plan
	case t.Intent != nil:
		return &t.Intent.Plan
	case len(t.Approvals) > 0:
		return &t.Approvals[len(t.Approvals)-1].Plan
	}
	return nil
}

// calls lists every call of the execution by the time at which it was made.
func (c *Case) calls() []Call {
	var all []Call
	add := func(account, resource string, receipts []action.Receipt) {
		for _, r := range receipts {
			all = append(all, Call{r.At, r.Service, r.Operation, account, r.Region, resource, r.RequestID, r.Error})
		}
	}
	_, tries := c.tries()
	for _, t := range tries {
		for _, asked := range t.Approvals {
			add(asked.Plan.Account, "", asked.Receipts)
		}
		if t.Intent != nil {
			add(t.Intent.Plan.Account, "", t.Intent.Receipts)
		}
		if t.Effect == nil {
			continue
		}
		account := c.View.Start.Account
		if t.Effect.Plan != nil {
			account = t.Effect.Plan.Account
			for _, item := range t.Effect.Plan.Items {
				add(item.Resource.Account, item.Resource.ARN, item.Receipts)
			}
		}
		add(account, "", t.Effect.Receipts)
	}
	slices.SortStableFunc(all, func(a, b Call) int { return a.At.Compare(b.At) })
	return all
}

// approvals lists the questions in the order in which they were asked.
func (c *Case) approvals() []playbook.Approval {
	list := []playbook.Approval{}
	_, tries := c.tries()
	for _, t := range tries {
		list = append(list, t.Approvals...)
	}
	return list
}

// clean is JSON without its secrets. What is too large for that as a whole is cleaned part by part, and what can't be cleaned
// is left out.
func clean(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	if out, err := notify.RedactJSON(raw); err == nil {
		return out
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) == nil && len(members) > 0 {
		for name, value := range members {
			members[name] = cleanMember(name, value, len(members) > 1)
		}
		return encode(members)
	}
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) == nil && len(elements) > 0 {
		for i := range elements {
			elements[i] = clean(elements[i])
		}
		return encode(elements)
	}
	return encode("[left out: too large or too deep to take secrets out]")
}

// cleanMember cleans a member under its name, which may say that it is a secret.
func cleanMember(name string, value json.RawMessage, smaller bool) json.RawMessage {
	if smaller || len(value) > 0 && (value[0] == '{' || value[0] == '[') {
		if out, err := notify.RedactJSON(encode(map[string]json.RawMessage{name: value})); err == nil {
			var member map[string]json.RawMessage
			if json.Unmarshal(out, &member) == nil && len(member) == 1 {
				return member[name]
			}
		}
	}
	return clean(value)
}

// encode writes values of which none can fail to be encoded: they were decoded before, or are ours.
func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		raw, _ = json.Marshal("[left out: " + err.Error() + "]")
	}
	return raw
}
