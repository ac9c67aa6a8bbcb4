package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"riposte.dev/accounts"
	"riposte.dev/audit"
	"riposte.dev/audit/bucket"
	"riposte.dev/notify"
)

// anchors keeps the head of the audit record outside, now and then: where it is, nobody can make the chain anew or cut off its
// end unseen.
type anchors struct {
	app    *App
	every  time.Duration
	bucket *bucket.Bucket // nil: none
	route  string         // "": nobody is told
}

func (a *App) newAnchors(c AnchorConfig) *anchors {
	k := &anchors{app: a, every: cmp.Or(c.Every, defaultAnchorEvery), route: c.Notify}
	if b := c.Bucket; b != nil {
		k.bucket = bucket.New(b.in(a.region, a.opts.Version, a.accounts))
	}
	return k
}

// in is the bucket as package bucket wants it; region is riposte's own.
func (b AnchorBucket) in(region, version string, reach *accounts.Accounts) bucket.Config {
	return bucket.Config{Name: b.Name, Owner: b.Owner, Account: b.Account, Region: cmp.Or(b.Region, region), Prefix: b.Prefix,
		Mode: cmp.Or(b.Mode, defaultAnchorMode), Retain: cmp.Or(b.Retain, defaultAnchorRetain), Version: version, AWS: reach.Config}
}

// lastAnchor is the setting that says when the head was kept outside, in RFC 3339.
const lastAnchor = "audit.anchored"

// How long after a failure it is tried again, at first and at last.
const (
	firstAnchorRetry = time.Second
	lastAnchorRetry  = 10 * time.Minute
)

// run keeps a head whenever it is time, over restarts, and tries again what fails. /readyz says so meanwhile.
func (k *anchors) run(ctx context.Context) error {
	k.app.warn("audit anchor", "")
	retry := firstAnchorRetry
	for {
		wait, err := k.due(ctx)
		if err == nil && wait <= 0 {
			err = k.keep(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // riposte stops
		case err != nil:
			k.app.warn("audit anchor", "the head of the audit record could not be kept outside; it is tried again: "+err.Error())
			wait, retry = retry, min(2*retry, lastAnchorRetry)
		default:
			k.app.warn("audit anchor", "")
			retry = firstAnchorRetry
		}
		if wait <= 0 {
			continue // it was just kept
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// due says how long it is until the next head.
func (k *anchors) due(ctx context.Context) (time.Duration, error) {
	text, known, err := k.app.store.Settings.Get(ctx, lastAnchor)
	if err != nil || !known {
		return 0, err
	}
	last, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, fmt.Errorf("read when the head was kept last: %w", err)
	}
	now := k.app.opts.Now()
	if last.After(now) { // a clock that was wrong must not hold it up
		return 0, nil
	}
	return last.Add(k.every).Sub(now), nil
}

// keep keeps the head everywhere, records that, and notes when.
func (k *anchors) keep(ctx context.Context) error {
	head, err := k.app.store.Audit.Head(ctx)
	if err != nil {
		return err
	}
	now := k.app.opts.Now()
	var places []string
	if k.bucket != nil {
		where, err := k.bucket.Keep(ctx, head, now)
		if err != nil {
			return err
		}
		places = append(places, where)
	}
	if k.route != "" {
		if err := k.app.router.Notify(ctx, []string{k.route}, headMessage(head, now)); err != nil {
			return err
		}
		places = append(places, "route "+k.route)
	}
	data, err := json.Marshal(struct {
		Head   string   `json:"head"`
		Places []string `json:"places"`
	}{head.String(), places})
	if err != nil {
		return err
	}
	_, err = k.app.store.Audit.Append(ctx, audit.Entry{Time: now, Kind: audit.Anchor, Actor: audit.Self, Data: data,
		Text: fmt.Sprintf("The head, record %d, was kept in %s.", head.Seq, strings.Join(places, " and "))})
	if err != nil {
		return err
	}
	return k.app.store.Settings.Set(ctx, lastAnchor, now.UTC().Format(time.RFC3339Nano))
}

// headMessage tells people the head, once however often it is tried.
func headMessage(head audit.Head, now time.Time) notify.Message {
	return notify.Message{
		ID: "audit-anchor/" + head.String(), Time: now.UTC(), Severity: "INFORMATIONAL", Subject: fmt.Sprintf("Head of riposte's audit record: %d", head.Seq),
		Summary:  "Keep this message. It shows later that no audit record up to this one was changed or removed.",
		Sections: []notify.Section{{Title: "Head", Facts: []notify.Fact{{Label: "Record", Value: fmt.Sprint(head.Seq)}, {Label: "SHA-256", Value: head.Hash}}}},
		Next:     []string{"riposte audit verify --head " + head.String()},
	}
}
