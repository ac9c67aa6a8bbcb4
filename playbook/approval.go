package playbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// ApprovalPolicy says who has to agree to a plan in mode approve, and what happens where nobody does.
type ApprovalPolicy struct {
	Quorum    int           `json:"quorum,omitempty"`    // how many people have to agree; 0: 1
	Within    time.Duration `json:"within,omitempty"`    // ns; 0: 4 hours
	Otherwise Otherwise     `json:"otherwise,omitempty"` // "": leave
}

// Otherwise is what happens when the time to answer is over.
type Otherwise string

// The outcomes of a question that nobody has answered.
const (
	Leave Otherwise = "leave" // nothing is done; people are told
	Act   Otherwise = "act"   // the plan is carried out, if it is still the same
)

// DefaultWithin is how long a question waits for its answer.
const DefaultWithin = 4 * time.Hour

func (p *ApprovalPolicy) withDefaults() ApprovalPolicy {
	var out ApprovalPolicy
	if p != nil {
		out = *p
	}
	out.Quorum = max(out.Quorum, 1)
	if out.Within <= 0 {
		out.Within = DefaultWithin
	}
	if out.Otherwise == "" {
		out.Otherwise = Leave
	}
	return out
}

// Question asks people whether a plan may be carried out. What they see is exactly what runs: when it is approved, riposte
// looks again, and asks again where the plan is not the same any more.
type Question struct {
	ID        string           `json:"id"`
	Key       string           `json:"key"`   // of the effect
	Path      string           `json:"path"`  // of the state's branch
	State     string           `json:"state"` // whose task it is
	At        time.Time        `json:"at"`
	Expires   time.Time        `json:"expires"`
	Hash      string           `json:"hash"` // of the plan
	Plan      action.Plan      `json:"plan"` // as the guard let it pass
	Reasons   []string         `json:"reasons,omitempty"`
	Quorum    int              `json:"quorum"`
	Otherwise Otherwise        `json:"otherwise"`
	Receipts  []action.Receipt `json:"receipts,omitempty"` // of the calls that looked
}

// Answer is one person's word on a question.
type Answer struct {
	Question string    `json:"question"` // its id
	By       string    `json:"by"`
	Approve  bool      `json:"approve"`
	Comment  string    `json:"comment,omitempty"`
	At       time.Time `json:"at"`
}

// ApprovalStatus is where a question stands.
type ApprovalStatus string

// The states of a question.
const (
	Open       ApprovalStatus = "open"
	Approved   ApprovalStatus = "approved"
	Refused    ApprovalStatus = "refused"
	Expired    ApprovalStatus = "expired"
	Superseded ApprovalStatus = "superseded" // the plan had changed, so people were asked again
)

// Approval is a question with its answers.
type Approval struct {
	Question
	Execution string         `json:"execution"`
	Rule      string         `json:"rule"`
	Title     string         `json:"title"`
	Severity  string         `json:"severity"`
	Account   string         `json:"account"`
	Status    ApprovalStatus `json:"status"`
	Answers   []Answer       `json:"answers,omitempty"`
}

// maxComment bounds an answer's comment, in bytes.
const maxComment = 2048

// yes and no list who answered what.
func (a *Approval) yes() []string { return a.by(true) }
func (a *Approval) no() []string  { return a.by(false) }

func (a *Approval) by(approve bool) []string {
	var people []string
	for _, answer := range a.Answers {
		if answer.Approve == approve {
			people = append(people, answer.By)
		}
	}
	return people
}

// StatusAt is where the question stands at now. closed is when its task ended; zero: it has not.
func (a *Approval) StatusAt(now, closed time.Time) ApprovalStatus {
	if closed.IsZero() {
		return a.standing(now)
	}
	if status := a.standing(closed); status != Open {
		return status
	}
	return Superseded
}

// standing is the question's status at a time: one who refuses decides, else the quorum, else the time.
func (a *Approval) standing(now time.Time) ApprovalStatus {
	switch {
	case a.Status == Superseded:
		return Superseded
	case len(a.no()) > 0:
		return Refused
	case len(a.yes()) >= a.Quorum:
		return Approved
	case !now.Before(a.Expires):
		return Expired
	default:
		return Open
	}
}

// waits returns the error that puts the task to sleep where its question is still open; nil otherwise.
func (t *task) waits() error {
	asked := t.e.asked[t.command.Path]
	if asked == nil || asked.Key != effectKey(t.command, false) || t.e.open[t.command.Path] != nil || asked.standing(t.runtime.opts.Now()) != Open {
		return nil
	}
	return &sleepError{asked.Expires}
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
	asked := t.e.asked[t.command.Path]
	if asked == nil || asked.Key != effectKey(t.command, false) {
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

// ask journals a question, tells people, and returns the error that puts the task to sleep.
func (t *task) ask(ctx context.Context, plan *action.Plan, hash string, reasons []string, looked []action.Receipt) error {
	policy := t.e.begin.Start.Approval.withDefaults()
	now := t.runtime.opts.Now()
	q := &Question{Key: effectKey(t.command, false), Path: t.command.Path, State: t.command.State, At: now, Expires: now.Add(policy.Within), Hash: hash,
		Plan: *plan, Reasons: reasons, Quorum: policy.Quorum, Otherwise: policy.Otherwise, Receipts: looked}
	q.ID = hashID("approval", t.e.id, q.Key, q.Hash, now.UTC().Format(time.RFC3339Nano))
	t.runtime.opts.Ledger.note(looked)
	record := Record{Kind: Asked, Time: now, Question: q}
	if err := t.runtime.commit(ctx, t.e, []Record{record}); err != nil {
		return &journalError{err}
	}
	if err := t.e.apply(record); err != nil {
		return &journalError{err}
	}
	t.runtime.observe(t.e, StepAsked, t.command.State, plan, "waits for approval %s", q.ID)
	return t.tellQuestion(ctx, t.e.asked[t.command.Path])
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
	for try := 0; ; try++ {
		approval, err := r.answer(ctx, id, hash, a)
		if fault.CodeOf(err) != fault.Conflict || !isJournalConflict(err) || try == tries {
			return approval, err
		}
	}
}

func (r *Runtime) answer(ctx context.Context, id, hash string, a Answer) (Approval, error) {
	e, err := r.load(ctx, id)
	if err != nil {
		return Approval{}, err
	}
	now := r.opts.Now()
	asked, err := e.question(a.Question)
	if err == nil {
		err = asked.refuses(now, hash, e.begin.Start.By, a)
	}
	if err != nil {
		return Approval{}, err
	}
	a.At = now
	record := Record{Kind: Answered, Time: now, Answer: &a}
	if err := r.commit(ctx, e, []Record{record}); err != nil {
		return Approval{}, &journalError{err}
	}
	if err := e.apply(record); err != nil {
		return Approval{}, err
	}
	approval := *asked
	approval.Status = asked.standing(now)
	r.observe(e, StepAnswered, asked.State, nil, "%s: %s", a.By, answerWord(a.Approve))
	if approval.Status != Open {
		r.timers.nudge(id)
	}
	return approval, nil
}

func answerWord(approve bool) string {
	if approve {
		return "approved"
	}
	return "refused"
}

// isJournalConflict reports whether somebody else appended at the same time, so that the answer must look again.
func isJournalConflict(err error) bool {
	var failed *journalError
	return errors.As(err, &failed)
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
