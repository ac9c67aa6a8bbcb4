package app

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"riposte.dev/bus"
	"riposte.dev/detect"
	"riposte.dev/event"
	"riposte.dev/notify"
	"riposte.dev/playbook"
	"riposte.dev/store"
	"riposte.dev/web"
)

// responder starts playbooks for the detection engine.
type responder struct {
	runtime *playbook.Runtime
	live    *live
}

// Start begins an execution.
func (r responder) Start(ctx context.Context, s detect.Response) error {
	_, _, err := r.runtime.Start(ctx, playbook.Start{
		Rule: s.Rule, RuleHash: s.RuleHash, Playbook: s.Playbook, Cause: s.Cause, Root: s.Root, Mode: s.Mode, Input: s.Input,
		Event: s.Event, Received: s.Received, Severity: string(s.Severity), Title: s.Title, Notify: s.Notify,
		Finding: s.Finding, Reasons: s.Reasons,
		Approval: &playbook.ApprovalPolicy{Quorum: s.Approval.Quorum, Within: s.Approval.Within, Otherwise: playbook.Otherwise(s.Approval.Otherwise)},
	})
	return err
}

// buried puts the detection engine's dead letters on the bus.
type buried struct{ bus *bus.Bus }

// Put stores a letter once per event, rule and stage.
func (b buried) Put(ctx context.Context, d detect.DeadLetter) error {
	letter := bus.DeadLetter{Source: "detect/" + d.Stage, Reason: d.Reason, Data: d.Event}
	if e, err := event.Parse(d.Event); err == nil {
		letter.Key = string(e.Cause())
		letter.ID = d.Rule + "/" + letter.Key
	}
	if d.Rule != "" {
		letter.Reason = "rule " + d.Rule + ": " + d.Reason
	}
	return b.bus.DeadLetter(ctx, letter)
}

// timers keeps events that wait for their turn.
type timers struct{ bus *bus.Bus }

// Postpone stores a timer that brings the event back.
func (t timers) Postpone(ctx context.Context, p detect.Postponed) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return t.bus.Schedule(ctx, p.ID, p.At, data)
}

// mailbox is the bus as the notification router's queue.
type mailbox struct{ bus *bus.Bus }

// attempts is more than fit into the router's time to give up, which is what decides.
const attempts = 1000

// Enqueue stores a delivery.
func (m mailbox) Enqueue(ctx context.Context, queue, id string, data []byte) error {
	return m.bus.Enqueue(ctx, queue, id, data)
}

// Work hands deliveries out.
func (m mailbox) Work(ctx context.Context, queue string, cfg notify.WorkConfig, handle func(context.Context, notify.Job) error) error {
	config := bus.WorkConfig{Concurrency: cfg.Workers, MaxAttempts: attempts, Backoff: bus.Backoff(cfg.Pause)}
	return m.bus.Work(ctx, queue, config, func(ctx context.Context, job bus.Job) error {
		err := handle(ctx, notify.Job(job))
		if errors.Is(err, notify.ErrGiveUp) {
			return bus.Terminal(err)
		}
		return err
	})
}

// journal is the bus's execution journal with the runtime's own type of entry.
type journal struct{ *bus.Journal }

// Load reads an execution's records.
func (j journal) Load(ctx context.Context, id string) ([]playbook.Entry, error) {
	stored, err := j.Journal.Load(ctx, id)
	return entries(stored), err
}

// Follow reads all records and goes on with new ones.
func (j journal) Follow(ctx context.Context, from uint64, caughtUp func(), fn func(string, []playbook.Entry) error) error {
	return j.Journal.Follow(ctx, from, caughtUp, func(id string, stored []bus.Entry) error { return fn(id, entries(stored)) })
}

func entries(stored []bus.Entry) []playbook.Entry {
	out := make([]playbook.Entry, len(stored))
	for i, e := range stored {
		out[i] = playbook.Entry(e)
	}
	return out
}

// keys is the store's access keys as the HTTP surface wants them.
type keys struct {
	store *store.Keys
	now   func() time.Time

	mu    sync.Mutex
	epoch int                 // counts revocations: what was read before one is not remembered after it
	known map[string]knownKey // by id; every request needs its key, and the database is busy with findings
}

type knownKey struct {
	web.Key
	until time.Time
}

// keyLasts is how long a key is taken from memory: as exact as the time of last use, and a revoked key leaves at once.
const keyLasts = time.Minute

// Key finds a key for authentication and notes that it was used.
func (k *keys) Key(ctx context.Context, id string) (web.Key, error) {
	now := k.now()
	k.mu.Lock()
	known, ok := k.known[id]
	epoch := k.epoch
	k.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.Key, nil
	}
	key, err := k.store.Get(ctx, id)
	if err != nil {
		return web.Key{}, err
	}
	if err := k.store.Used(ctx, key); err != nil {
		return web.Key{}, err
	}
	found := web.Key{ID: key.ID, Secret: key.Secret, Name: key.Name, Account: key.Account, Roles: roles(key.Roles), SpeaksForAWS: key.SpeaksForAWS}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.epoch == epoch {
		k.known[id] = knownKey{found, now.Add(keyLasts)}
	}
	return found, nil
}

// CreateKey makes a key.
func (k *keys) CreateKey(ctx context.Context, n web.NewKey, by string) (web.CreatedKey, error) {
	names := make([]string, len(n.Roles))
	for i, role := range n.Roles {
		names[i] = string(role)
	}
	made, err := k.store.Create(ctx, store.Key{Name: n.Name, Account: n.Account, Roles: names, SpeaksForAWS: n.SpeaksForAWS}, by)
	return web.CreatedKey{KeyInfo: info(made), Secret: made.Secret}, err
}

// ListKeys lists the keys that were not revoked.
func (k *keys) ListKeys(ctx context.Context) ([]web.KeyInfo, error) {
	list, err := k.store.List(ctx)
	var out []web.KeyInfo
	for _, key := range list {
		if key.Revoked.IsZero() {
			out = append(out, info(key))
		}
	}
	return out, err
}

// RevokeKey ends a key, given by its id or its name.
func (k *keys) RevokeKey(ctx context.Context, key, by string) error {
	err := k.store.Revoke(ctx, key, by)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.epoch++
	clear(k.known) // it may have been given by its name
	return err
}

func info(k store.Key) web.KeyInfo {
	return web.KeyInfo{ID: k.ID, Name: k.Name, Account: k.Account, Roles: roles(k.Roles), SpeaksForAWS: k.SpeaksForAWS, Created: k.Created, LastUsed: k.LastUsed}
}

func roles(names []string) []web.Role {
	out := make([]web.Role, len(names))
	for i, name := range names {
		out[i] = web.Role(name)
	}
	return out
}
