package playbook

import (
	"context"
	"fmt"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/guard"
)

// waits returns the error that puts the task to sleep where its question is still open; nil otherwise.
func (t *task) waits() error {
	asked := t.question()
	if asked == nil || t.intent() != nil || asked.standing(t.runtime.opts.Now()) != Open {
		return nil
	}
	return &sleepError{asked.Expires}
}

// question is what people were asked for the task; nil where they were not.
func (t *task) question() *Approval {
	t.e.mu.RLock()
	defer t.e.mu.RUnlock()
	asked := t.e.asked[t.command.Path]
	if asked == nil || asked.Key != effectKey(t.command, false) {
		return nil
	}
	copied := *asked
	return &copied
}

// approve finds out whether the plan may be carried out, and why: t.allowed says so. Where it may not, its items are left to
// people, or err puts the task to sleep until somebody answers.
func (t *task) approve(ctx context.Context, plan *action.Plan, due []int, reasons []string, looked []action.Receipt) (reason string, err error) {
	t.allowed = ""
	hash, err := plan.Hash()
	if err != nil {
		return "", err
	}
	now := t.runtime.opts.Now()
	asked := t.question()
	if asked == nil {
		return "", t.ask(ctx, plan, hash, reasons, looked)
	}
	same := asked.Hash == hash
	switch asked.standing(now) {
	case Refused:
		reason = fmt.Sprintf("%s refused it%s.", strings.Join(asked.no(), ", "), asked.comment())
	case Approved:
		if !same { // what was approved is not what would run now
			return "", t.ask(ctx, plan, hash, reasons, looked)
		}
		t.allowed = asked.ID
		return fmt.Sprintf("Approved by %s%s.", strings.Join(asked.yes(), ", "), asked.comment()), nil
	case Expired:
		if asked.Otherwise == Act && same {
			t.allowed = asked.ID
			return fmt.Sprintf("Nobody refused it within %s, and then it is to be done.", asked.Expires.Sub(asked.At)), nil
		}
		reason = fmt.Sprintf("It needed approval and got none within %s.", asked.Expires.Sub(asked.At))
	default:
		return "", &sleepError{asked.Expires}
	}
	for _, i := range due {
		item := &plan.Items[i]
		item.Status, item.Calls = action.Escalated, nil
		item.Reason = strings.TrimSuffix(item.Reason, ".") + ". " + reason
	}
	return reason, nil
}

// comment is what the last one to answer said.
func (a *Approval) comment() string {
	if n := len(a.Answers); n > 0 && a.Answers[n-1].Comment != "" {
		return " (" + a.Answers[n-1].Comment + ")"
	}
	return ""
}

// ask asks whether the plan may be carried out, as the rule has it.
func (t *task) ask(ctx context.Context, plan *action.Plan, hash string, reasons []string, looked []action.Receipt) error {
	return t.askPeople(ctx, t.e.begin.Start.Approval.withDefaults(), "", plan, hash, reasons, looked)
}

// askPeople journals a question, tells people, and returns the error that puts the task to sleep.
func (t *task) askPeople(ctx context.Context, policy ApprovalPolicy, text string, plan *action.Plan, hash string, reasons []string, looked []action.Receipt) error {
	now := t.runtime.opts.Now()
	q := &Question{Key: effectKey(t.command, false), Path: t.command.Path, State: t.command.State, At: now, Expires: now.Add(policy.Within), Hash: hash,
		Text: text, Plan: *plan, Reasons: reasons, Quorum: policy.Quorum, Otherwise: policy.Otherwise, Receipts: looked}
	q.ID = hashID("approval", t.e.id, q.Key, q.Hash, now.UTC().Format(time.RFC3339Nano))
	t.runtime.opts.Ledger.note(looked)
	record := Record{Kind: Asked, Time: now, Question: q}
	if err := t.journal(record); err != nil {
		return err
	}
	t.observe(StepAsked, plan, "waits for approval %s", q.ID)
	return t.tellQuestion(ctx, t.question())
}

// tellQuestion tells people that somebody has to decide, and puts the task to sleep. Where nobody can be told the question
// stands all the same: `approvals list` shows it.
func (t *task) tellQuestion(ctx context.Context, asked *Approval) error {
	n := t.e.notice()
	n.Plans, n.Reasons, n.Mode, n.Approval = append(n.Plans, asked.Plan), append(n.Reasons, asked.Reasons...), guard.Approve, asked
	if err := t.runtime.tell(ctx, t.e.id+"/approval/"+asked.ID, n); err != nil && t.runtime.base.Err() == nil {
		t.runtime.log.Error("playbook: nobody could be told that a plan waits for approval", "execution", t.e.id, "approval", asked.ID, "error", err)
	}
	return &sleepError{asked.Expires}
}
