package playbook

import (
	"context"
	"slices"
	"time"

	"riposte.dev/fault"
)

// Answer records a person's word on the question of an execution and lets the execution go on where that decides it. hash
// is that of the plan that the person saw.
//
// Errors: fault.NotFound (no such execution or question), fault.Conflict (the question is decided, or another one has
// taken its place; the person has answered before; another plan was seen), fault.Denied (who asked for the change can't approve
// it), fault.Invalid (no name, or a comment that is too long), and those of the journal.
func (r *Runtime) Answer(ctx context.Context, id, hash string, a Answer) (Approval, error) {
	if a.By == "" || len(a.Comment) > maxComment {
		return Approval{}, fault.New(fault.Invalid, "an answer needs a name, and a comment of at most %d bytes", maxComment)
	}
	var approval Approval
	err := r.ask(ctx, id, func(d *driver) ([]Record, error) {
		e, now := d.e, r.opts.Now()
		asked, err := e.question(a.Question)
		if err == nil {
			err = asked.refuses(now, hash, e.begin.Start.By, a)
		}
		if err != nil {
			return nil, err
		}
		a.At = now
		approval = *asked
		approval.Answers = append(slices.Clone(asked.Answers), a)
		approval.Status = approval.standing(now)
		if approval.Status != Open {
			d.nudges++
		}
		return []Record{{Kind: Answered, Time: now, Answer: &a}}, nil
	})
	if err != nil {
		return Approval{}, err
	}
	if r.opts.Observe != nil {
		if e, err := r.load(ctx, id); err == nil {
			r.observe(e, StepAnswered, approval.State, nil, "%s: %s", a.By, answerWord(a.Approve))
		}
	}
	return approval, nil
}

func answerWord(approve bool) string {
	if approve {
		return "approved"
	}
	return "refused"
}

// question finds the question that waits for its answer.
func (e *execution) question(id string) (*Approval, error) {
	for _, asked := range e.asked {
		if asked.ID == id {
			return asked, nil
		}
	}
	if slices.Contains(e.superseded, id) {
		return nil, fault.New(fault.Conflict, "approval %s is not asked for any more: the plan has changed", id).
			WithHint("riposte approvals list shows what is")
	}
	return nil, fault.New(fault.NotFound, "execution %s asks for no approval %q", e.id, id).WithHint("riposte approvals list shows what is asked")
}

// refuses says why an answer can't be taken.
func (a *Approval) refuses(now time.Time, hash, requester string, answer Answer) error {
	switch standing := a.standing(now); {
	case standing != Open:
		return fault.New(fault.Conflict, "approval %s is %s already", a.ID, standing)
	case hash != a.Hash:
		return fault.New(fault.Conflict, "approval %s is for the plan %s, and another one was seen: %q", a.ID, a.Hash, hash).
			WithHint("look at the plan again: riposte approvals get %s", a.ID)
	case answer.Approve && answer.By == requester:
		return fault.New(fault.Denied, "%s asked for the change, so somebody else has to approve it", requester)
	case slices.ContainsFunc(a.Answers, func(before Answer) bool { return before.By == answer.By }):
		return fault.New(fault.Conflict, "%s has answered approval %s before", answer.By, a.ID)
	}
	return nil
}
