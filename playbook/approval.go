package playbook

import (
	"time"

	"riposte.dev/action"
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

// Question asks people whether a plan may be carried out, or what the playbook wants to know. What they see is exactly what runs: when it is approved, riposte
// looks again, and asks again where the plan is not the same any more.
type Question struct {
	ID        string           `json:"id"`
	Key       string           `json:"key"`   // of the effect
	Path      string           `json:"path"`  // of the state's branch
	State     string           `json:"state"` // whose task it is
	At        time.Time        `json:"at"`
	Expires   time.Time        `json:"expires"`
	Hash      string           `json:"hash"`           // of the plan
	Text      string           `json:"text,omitempty"` // the playbook's own words; "": whether the plan may be carried out
	Plan      action.Plan      `json:"plan"`           // as the guard let it pass
	Reasons   []string         `json:"reasons,omitempty"`
	Quorum    int              `json:"quorum"`
	Otherwise Otherwise        `json:"otherwise"`
	Receipts  []action.Receipt `json:"receipts,omitempty"` // of the calls that looked
}

// Answer is one person's word on a question.
type Answer struct {
	Question string    `json:"question"`      // its id
	By       string    `json:"by"`            // the name of a person's key, or local
	Key      string    `json:"key,omitempty"` // its id
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
