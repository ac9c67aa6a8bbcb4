package finding

import (
	"context"
	"time"
)

// Store is where findings rest. Its errors carry fault codes; Unavailable ones may be tried again.
type Store interface {
	// Change gives fn what is stored under key, nil where there is nothing, and stores what fn returns together with its
	// event, in one transaction that is on disk when Change returns. Nothing is stored where fn returns nil or an error;
	// the error is returned as it is. Changes of one key never run at the same time. fn must not call the store.
	Change(ctx context.Context, key Key, fn func(old *Record) (*Change, error)) error
	// Find returns a record. A key without ProductArn finds an id of any product. fault.NotFound where there is none,
	// fault.Conflict where an id without product is the id of several.
	Find(ctx context.Context, key Key) (Record, error)
	// List returns a page of records, latest UpdatedAt first. A cursor that it did not issue is fault.Invalid.
	List(ctx context.Context, f Filter) (Page, error)
	// Outbox returns at most limit events that are not marked as sent, in the order of their changes.
	Outbox(ctx context.Context, limit int) ([]Outgoing, error)
	// Sent forgets these events; one that is not there is no error.
	Sent(ctx context.Context, seqs []int64) error
}

// Record is a finding as the hub keeps it.
type Record struct {
	Finding    Finding   `json:"finding"`
	Generation int       `json:"generation"` // how often it was reopened
	Version    int64     `json:"version"`    // how often it changed, from 1
	Imported   time.Time `json:"imported"`   // when the hub first saw it
}

// Change is a record to store and the event that tells of it.
type Change struct {
	Record Record
	Event  []byte // EventBridge envelope
}

// Outgoing is an event that waits in the outbox.
type Outgoing struct {
	Seq   int64
	Event []byte
}

// Filter selects findings; empty fields select everything.
type Filter struct {
	Type        string           // a type, or the beginning of one up to a slash: TTPs, TTPs/Defense Evasion
	Severity    []Label          // one of
	Account     string           // AwsAccountId
	Region      string           // Region
	Resource    string           // id of one of Resources, usually an ARN
	Workflow    []WorkflowStatus // one of
	RecordState RecordState
	Rule        string    // riposte's rule that raised it
	Since       time.Time // UpdatedAt at or after
	Until       time.Time // UpdatedAt before
	Text        string    // in title, description, id or a resource's id; upper and lower case alike
	Limit       int       // at most; 0: 100, never over 1,000
	After       string    // Page.Next of the page before
}

// Page is a part of a list. Next is "" on the last page.
type Page struct {
	Records []Record
	Next    string
}
