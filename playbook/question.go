package playbook

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// maxQuestion bounds a question's text, in bytes.
const maxQuestion = 4096

// asking is what riposte:approval takes.
type asking struct {
	Text      string `json:"text"`
	Quorum    int    `json:"quorum"`
	ExpiresIn string `json:"expires_in"`
	Default   string `json:"default"`
}

// policy checks the input and says who has to agree, by when, and what holds otherwise.
func (a asking) policy() (ApprovalPolicy, error) {
	p := ApprovalPolicy{Quorum: a.Quorum}
	var problems []string
	if strings.TrimSpace(a.Text) == "" || len(a.Text) > maxQuestion {
		problems = append(problems, fmt.Sprintf("text must have 1 to %d bytes", maxQuestion))
	}
	if a.Quorum < 0 || a.Quorum > 20 {
		problems = append(problems, "quorum must be from 1 to 20")
	}
	if a.ExpiresIn != "" {
		d, err := time.ParseDuration(a.ExpiresIn)
		if err != nil || d < time.Minute || d > maxExpiry {
			problems = append(problems, fmt.Sprintf("expires_in must be from 1m to %v, such as 30m or 24h", maxExpiry))
		}
		p.Within = d
	}
	switch a.Default {
	case "", "refuse":
		p.Otherwise = Leave
	case "approve":
		p.Otherwise = Act
	default:
		problems = append(problems, "default must be refuse or approve")
	}
	if len(problems) > 0 {
		return p, fault.New(fault.Invalid, "the input of %s is not what it takes: %s", ApprovalResource, strings.Join(problems, "; "))
	}
	return p.withDefaults(), nil
}

// decided is the output of riposte:approval.
type decided struct {
	Status   string           `json:"status"` // approved or refused; dry-run: nobody was asked
	Approval string           `json:"approval,omitempty"`
	Default  bool             `json:"default"` // nobody decided in time, so the default holds
	Answers  []decidingAnswer `json:"answers"`
}

type decidingAnswer struct {
	By      string    `json:"by"`
	Approve bool      `json:"approve"`
	Comment string    `json:"comment,omitempty"`
	At      time.Time `json:"at"`
}

// inquire carries out riposte:approval: it asks people, and goes on when they have decided or the time is over.
func (t *task) inquire(ctx context.Context) (any, error) {
	var in asking
	if err := strictly(t.command.Arguments, &in, ApprovalResource); err != nil {
		return nil, err
	}
	policy, err := in.policy()
	if err != nil {
		return nil, err
	}
	t.effect.Key = effectKey(t.command, false)
	if !t.e.begin.Start.Mode.Bolder(guard.DryRun) {
		return decided{Status: "dry-run", Answers: []decidingAnswer{}}, nil
	}
	asked := t.question()
	if asked == nil {
		plan := questionPlan(in.Text, t.e.begin.Start)
		hash, err := plan.Hash()
		if err != nil {
			return nil, err
		}
		return nil, t.askPeople(ctx, policy, in.Text, plan, hash, nil, nil)
	}
	out := decided{Status: "refused", Approval: asked.ID, Answers: []decidingAnswer{}}
	switch asked.standing(t.runtime.opts.Now()) {
	case Open:
		return nil, &sleepError{asked.Expires}
	case Approved:
		out.Status = "approved"
	case Expired:
		out.Default = true
		if asked.Otherwise == Act {
			out.Status = "approved"
		}
	}
	for _, a := range asked.Answers {
		out.Answers = append(out.Answers, decidingAnswer{a.By, a.Approve, a.Comment, a.At})
	}
	return out, nil
}

// questionPlan is what an answer is bound to: the words that people were asked with.
func questionPlan(text string, s Start) *action.Plan {
	words, _ := json.Marshal(map[string]string{"question": text}) // text is always JSON
	return &action.Plan{Action: ApprovalResource, Account: s.Account, Region: s.Region, Items: []action.Item{{
		ID: "question", Resource: action.Resource{Type: "Riposte::Question", Name: "question", Account: s.Account, Region: s.Region},
		Status: action.Unneeded, Reason: text, Before: words, After: words,
	}}}
}
