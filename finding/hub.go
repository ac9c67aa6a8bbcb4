package finding

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// Hub keeps findings as AWS Security Hub does, and publishes every change as Security Hub does. It is safe for concurrent
// use; make it with [NewHub].
type Hub struct {
	store  Store
	now    func() time.Time
	logger *slog.Logger
	poll   time.Duration
	retry  time.Duration
	wake   chan struct{} // a change is in the outbox; holds at most one token
}

// Options configure a Hub. Store is needed.
type Options struct {
	Store  Store
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // for Relay, which has no caller to tell; nil: silent
	Poll   time.Duration    // how often Relay looks for changes of other processes; 0: 5 s
	Retry  time.Duration    // how long Relay waits after a first failure, twice as long after each further one up to 5 s; 0: 100 ms
}

// NewHub returns a hub on a store.
func NewHub(o Options) *Hub {
	h := &Hub{store: o.Store, now: o.Now, logger: o.Logger, poll: o.Poll, retry: o.Retry, wake: make(chan struct{}, 1)}
	if h.now == nil {
		h.now = time.Now
	}
	if h.logger == nil {
		h.logger = slog.New(slog.DiscardHandler)
	}
	if h.poll <= 0 {
		h.poll = 5 * time.Second
	}
	if h.retry <= 0 {
		h.retry = 100 * time.Millisecond
	}
	// The schema compiles while the program starts, or the first finding would wait for it. An error comes again, from Validate,
	// where it has a caller.
	go func() { _, _ = compiled() }()
	return h
}

// Result is what an upsert did.
type Result struct {
	Outcome    Outcome
	Generation int     // how often the finding was reopened
	Finding    Finding // as the hub keeps it
}

// Upsert imports a finding as BatchImportFindings does: a new ProductArn and Id is created; a known one is updated where
// UpdatedAt is later, and left alone otherwise, so that the same finding may come any number of times. The customer's
// Workflow, Note, UserDefinedFields and VerificationState stay, and so do severity, types, confidence, criticality and
// related findings that the customer has overruled. A finding that is back after it was archived or passed is reopened:
// its generation rises, so that a rule may answer it again, and its workflow is NEW. An invalid finding is refused with
// all problems at once, as [Validate] returns them, except for what AWS itself sends: blank texts in ProductFields and
// Resources, and values of enumerations that are newer than this program.
func (h *Hub) Upsert(ctx context.Context, f Finding) (Result, error) {
	if err := f.validate(lenient); err != nil {
		return Result{}, fmt.Errorf("finding %s: %w", strconv.Quote(clip(f.ID)), err)
	}
	var result Result
	err := h.change(ctx, f.Key(), func(old *Record) (*Record, error) {
		record, outcome := merge(old, f, h.now())
		result = Result{outcome, record.Generation, record.Finding}
		if outcome == Unchanged {
			return nil, nil
		}
		return &record, nil
	})
	if err != nil {
		return Result{}, fmt.Errorf("import finding %s: %w", f.ID, err)
	}
	return result, nil
}

// Get returns a finding; key as for Store.Find. fault.NotFound where there is none.
func (h *Hub) Get(ctx context.Context, key Key) (Record, error) { return h.store.Find(ctx, key) }

// List returns a page of findings, latest UpdatedAt first.
func (h *Hub) List(ctx context.Context, f Filter) (Page, error) { return h.store.List(ctx, f) }

// Update is what a customer changes about a finding; empty fields leave it as it is.
type Update struct {
	Workflow          WorkflowStatus
	Severity          Label
	VerificationState string // UNKNOWN, TRUE_POSITIVE, FALSE_POSITIVE or BENIGN_POSITIVE
	Note              string
	UserDefinedFields map[string]string // replaces those that are there
	By                string            // who; needed with a note
}

// Update changes a finding as BatchUpdateFindings does: UpdatedAt stays, and what is set here is not overwritten by the
// provider. fault.NotFound where there is no such finding; fault.Invalid with all problems at once where the finding would
// not be valid any more.
func (h *Hub) Update(ctx context.Context, key Key, u Update) (Record, error) {
	found, err := h.store.Find(ctx, key)
	if err != nil {
		return Record{}, err
	}
	key = found.Finding.Key()
	err = h.change(ctx, key, func(old *Record) (*Record, error) {
		if old == nil {
			return nil, fault.New(fault.NotFound, "there is no finding %s", key.ID)
		}
		found = *old
		found.Finding = u.apply(old.Finding, h.now())
		if reflect.DeepEqual(found.Finding, old.Finding) {
			return nil, nil
		}
		found.Version++
		checked := found.Finding
		checked.ProductFields = nil // not the customer's; the hub's own may have brought them over their limit
		return &found, checked.validate(lenient)
	})
	if err != nil {
		return Record{}, fmt.Errorf("update finding %s: %w", key.ID, err)
	}
	return found, nil
}

func (u Update) apply(f Finding, now time.Time) Finding {
	if u.Workflow != "" {
		f.Workflow = withStatus(f.Workflow, u.Workflow)
	}
	if u.Severity != "" {
		s := *f.Severity
		n := u.Severity.Normalized()
		s.Label, s.Normalized = u.Severity, &n
		f.Severity = &s
	}
	if u.VerificationState != "" {
		f.VerificationState = u.VerificationState
	}
	if u.Note != "" {
		f.Note = &Note{Text: u.Note, UpdatedBy: u.By, UpdatedAt: Time(now)}
	}
	if u.UserDefinedFields != nil {
		f.UserDefinedFields = u.UserDefinedFields
	}
	return f
}

// change stores what fn makes of a record, with the event that Security Hub would publish, and wakes the relay.
func (h *Hub) change(ctx context.Context, key Key, fn func(old *Record) (*Record, error)) error {
	changed := false
	err := h.store.Change(ctx, key, func(old *Record) (*Change, error) {
		record, err := fn(old)
		if err != nil || record == nil {
			return nil, err
		}
		text, err := imported(*record, h.now())
		if err != nil {
			return nil, err
		}
		changed = true
		return &Change{*record, text}, nil
	})
	if err == nil && changed {
		select {
		case h.wake <- struct{}{}:
		default: // a token is there already
		}
	}
	return err
}

// imported is the event of a change, one finding an event
// (https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html). Its id follows from the
// change, so that an event published twice is one event.
func imported(r Record, now time.Time) ([]byte, error) {
	detail, err := json.Marshal(map[string]any{"findings": []Finding{r.Finding}})
	if err != nil {
		return nil, fault.New(fault.Internal, "encode the event of finding %s: %w", r.Finding.ID, err)
	}
	name := fmt.Sprintf("%s|%d|%s", r.Finding.Key().ARN(), r.Version, r.Finding.UpdatedAt)
	e := event.Envelope{
		Version: "0", ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String(),
		DetailType: event.FindingsImported, Source: "aws.securityhub",
		Account: r.Finding.AwsAccountID, Time: now.UTC().Truncate(time.Second), Region: r.Finding.Region,
		Resources: []string{r.Finding.Key().ARN()}, Detail: detail,
	}
	return e.JSON(), nil
}
