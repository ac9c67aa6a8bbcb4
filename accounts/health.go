package accounts

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Status is what is known of an account.
type Status string

// The states of an account.
const (
	Unknown Status = "unknown" // not checked yet
	Well    Status = "ok"
	Broken  Status = "failing"
)

// Health is whether an account can be reached.
type Health struct {
	Account string    `json:"account"`
	Name    string    `json:"name,omitempty"`
	Status  Status    `json:"status"`
	Problem string    `json:"problem,omitempty"`
	Hint    string    `json:"hint,omitempty"`
	Checked time.Time `json:"checked,omitzero"`
}

const (
	checkWorkers = 16
	checkBound   = 30 * time.Second // for one account
)

// Health returns the health of every account of [Accounts.List].
func (a *Accounts) Health() []Health {
	sorted := a.roster.Load().sorted
	all := make([]Health, len(sorted))
	for i, m := range sorted {
		m.mu.Lock()
		all[i] = m.health
		m.mu.Unlock()
	}
	return all
}

// Check looks at every account at once, some side by side: whether its role can be assumed, and which regions it has.
// What it finds is in [Accounts.Health].
func (a *Accounts) Check(ctx context.Context) {
	work := make(chan *member)
	var workers sync.WaitGroup
	sorted := a.roster.Load().sorted
	for range min(checkWorkers, len(sorted)) {
		workers.Go(func() {
			for m := range work {
				a.checkOne(ctx, m)
			}
		})
	}
	for _, m := range sorted {
		work <- m
	}
	close(work)
	workers.Wait()
	a.metrics.count(a.Health())
}

func (a *Accounts) checkOne(ctx context.Context, m *member) {
	if ctx.Err() != nil {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, checkBound)
	defer cancel()
	err := a.reach(bounded, m)
	if err == nil {
		// An account whose regions may not be listed can still be answered for.
		if _, regions := a.regionsOf(bounded, m, regionsFresh); regions != nil {
			a.options.Logger.Debug("the regions of an account are not known", "account", m.ID, "error", regions)
		}
	}
	if ctx.Err() != nil {
		return // riposte ends; that says nothing of the account
	}
	h := Health{Account: m.ID, Name: m.Name, Status: Well, Checked: a.options.Now()}
	if err != nil {
		h.Status, h.Problem, h.Hint = Broken, fault.Message(err), fault.Hint(err)
	}
	m.mu.Lock()
	before := m.health
	m.health = h
	m.mu.Unlock()
	if before.Status != h.Status {
		a.options.Logger.Info("account", "account", m.ID, "status", h.Status, "problem", h.Problem)
	}
}

// reach assumes the role anew, past the shared credentials: those stay valid for an hour after the role is gone, and must
// not be lost because STS does not answer just now.
func (a *Accounts) reach(ctx context.Context, m *member) error {
	if m.assume == nil {
		_, err := a.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		return awscall.Fault(err, "sts:GetCallerIdentity", "ask who we are")
	}
	_, err := m.assume.Retrieve(ctx)
	err = awscall.Fault(err, "sts:AssumeRole", "assume %s", m.Role)
	if fault.CodeOf(err) == fault.Denied {
		return fault.New(fault.Denied, "%s", fault.Message(err)).WithHint(
			"check that the role exists, that its trust policy names riposte's role and external id (`riposte iam policy trust`), and that riposte may call sts:AssumeRole")
	}
	return err
}
