package digest

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// A digest comes within an hour of the log files that it names, and is there minutes after its end.
const (
	digestEvery  = time.Hour
	deliveryTime = 30 * time.Minute
)

// state is what is known of a digest.
type state int

const (
	valid state = iota
	wrong
	unchecked
)

// entry is a digest of a region that is in the bucket.
type entry struct {
	digestKey
	state state
	file  *digestFile // nil unless it could be read
}

// regional verifies one region.
type regional struct {
	*verifier
	name    string
	report  *Report
	keys    map[string][]byte
	entries []*entry // newest first, without backfilled ones
	late    []*entry // backfilled ones, newest first
	others  bool     // other trails' digests are in the folder
	gaps    []span

	mu sync.Mutex // of report
}

type span struct{ from, to time.Time }

// region verifies what a trail delivered of one region.
func (v *verifier) region(ctx context.Context, name string) *Report {
	r := &regional{verifier: v, name: name, report: &Report{}}
	if err := r.find(ctx); err != nil {
		r.unreadable("", err)
		return r.report
	}
	if len(r.entries)+len(r.late) > 0 {
		var err error
		if r.keys, err = v.publicKeys(ctx, name, v.From.Add(-24*time.Hour), v.To.Add(24*time.Hour)); err != nil {
			r.unreadable("", err)
			return r.report
		}
	}
	each(v.Workers, append(slices.Clone(r.entries), r.late...), func(e *entry) { r.load(ctx, e) })
	r.chain(r.entries)
	r.chain(r.late)
	r.end(ctx)
	r.logFiles(ctx)
	if err := r.unnamed(ctx); err != nil {
		r.unreadable("", err)
	}
	return r.report
}

// each calls fn for every item, several at once.
func each[T any](workers int, items []T, fn func(T)) {
	queue := make(chan T)
	var wg sync.WaitGroup
	for range min(workers, len(items)) {
		wg.Go(func() {
			for item := range queue {
				fn(item)
			}
		})
	}
	for _, item := range items {
		queue <- item
	}
	close(queue)
	wg.Wait()
}

func (r *regional) found(kind Kind, key, meaning, next string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key != "" {
		key = r.Bucket + "/" + key
	}
	r.report.add(Problem{Kind: kind, Region: r.name, Key: key, Meaning: meaning, Next: next})
}

func (r *regional) unreadable(key string, err error) {
	r.found(Unreadable, key, fault.Message(err), fault.Hint(err))
}

// find lists the digests that end in the time asked for, or up to an hour later: those name its last log files.
func (r *regional) find(ctx context.Context) error {
	last := r.To.Add(digestEvery)
	err := r.list(ctx, r.digestsOf(r.name), r.From.Format(dayFolder), last.Format(dayFolder), func(key string) {
		k, ok := r.parseDigestKey(r.name, key)
		switch {
		case !ok:
		case !k.ours:
			r.others = true
		case !k.end.After(r.From) || k.end.After(last):
		case k.backfill:
			r.late = append(r.late, &entry{digestKey: k})
		default:
			r.entries = append(r.entries, &entry{digestKey: k})
		}
	})
	newestFirst := func(a, b *entry) int { return b.end.Compare(a.end) }
	slices.SortStableFunc(r.entries, newestFirst)
	slices.SortStableFunc(r.late, newestFirst)
	return err
}

// load reads a digest and checks its signature.
func (r *regional) load(ctx context.Context, e *entry) {
	e.state = r.judge(ctx, e)
	r.mu.Lock()
	r.report.Digests.Checked++
	if e.state == valid {
		r.report.Digests.Valid++
	}
	r.mu.Unlock()
	r.count(1, 0)
}

func (r *regional) judge(ctx context.Context, e *entry) state {
	out, missing, err := r.open(ctx, r.Bucket, e.key)
	if missing {
		r.found(DigestMissing, e.key, "The digest was removed while riposte looked.", "")
		return wrong
	}
	if err != nil {
		r.unreadable(e.key, err)
		return unchecked
	}
	defer out.Body.Close()
	body := &fragile{Reader: out.Body}
	packed, err := io.ReadAll(io.LimitReader(body, maxDigest))
	if err != nil {
		r.found(Unreadable, e.key, "The digest could not be read to its end: "+err.Error(), "try again")
		return unchecked
	}
	d, err := parse(packed)
	if err != nil {
		r.found(DigestAltered, e.key, "The digest cannot be read; CloudTrail did not write it like this: "+err.Error(), "")
		return wrong
	}
	e.file, d.signature = d, out.Metadata["signature"]
	if d.Bucket != r.Bucket || d.Object != e.key {
		r.found(DigestMoved, e.key, "The digest says that it belongs to "+d.Bucket+"/"+d.Object+".", "")
		return wrong
	}
	if d.signature == "" {
		r.found(DigestAltered, e.key, "The object has no signature in its metadata; CloudTrail writes one.", "")
		return wrong
	}
	key, known := r.keys[d.Fingerprint]
	if !known && e.backfill {
		key, known = r.lateKey(ctx, d.Fingerprint, out.Metadata["backfill-generation-timestamp"])
	}
	if !known {
		r.found(DigestAltered, e.key, "The digest was signed with the key "+d.Fingerprint+", which CloudTrail did not have in this region at that time.", "")
		return wrong
	}
	if err := d.verify(key); err != nil {
		r.found(DigestAltered, e.key, "The signature is not CloudTrail's for this content.", "")
		return wrong
	}
	return valid
}

// lateKey looks for the key of a digest that was written long after its time.
func (r *regional) lateKey(ctx context.Context, fingerprint, written string) ([]byte, bool) {
	at, err := time.Parse(time.RFC3339, written)
	if err != nil {
		return nil, false
	}
	keys, err := r.publicKeys(ctx, r.name, at.Add(-digestEvery), at.Add(digestEvery))
	key, known := keys[fingerprint]
	return key, err == nil && known
}

// end reports digests that CloudTrail delivered last and that are not there: no later digest would name them.
func (r *regional) end(ctx context.Context) {
	newest := r.From
	if len(r.entries) > 0 {
		newest = r.entries[0].end
	}
	out, err := cloudtrail.NewFromConfig(r.Config(r.name)).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String(r.trail.arn)})
	switch {
	case ctx.Err() != nil:
		return
	case err != nil: // the trail is deleted, or may not be looked at
		if len(r.entries) > 0 && r.To.Sub(newest) > digestEvery+deliveryTime {
			r.found(Unjudged, "", "The newest digest ends at "+stamp(newest)+"; whether there were later ones cannot be told: "+
				fault.Message(awscall.Fault(err, "cloudtrail:GetTrailStatus", "ask when the last digest was delivered"))+".",
				"allow cloudtrail:GetTrailStatus; for a trail that is gone verify up to its last hour with --until")
		}
		return
	case out.LatestDigestDeliveryTime == nil:
		return
	}
	delivered := *out.LatestDigestDeliveryTime
	if least := min(delivered.Sub(newest), r.To.Sub(newest)); least > digestEvery+deliveryTime {
		r.found(DigestsStopped, "", "CloudTrail delivered a digest at "+stamp(delivered)+", and the newest one in the bucket ends at "+stamp(newest)+".",
			"look for DeleteObject in the bucket's data events, and in its older versions")
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
