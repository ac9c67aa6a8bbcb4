package evidence

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/audit"
)

// Write writes the archive, a gzipped tar with one folder named after the execution:
//
//	report.md             what happened, on a page
//	event.json            the event that started it
//	finding.json          the finding that was raised, as it is now
//	execution.json        every step with its input, output and times
//	plans/NN-STATE/…      plan.json, and of each resource MM.before.json, MM.after.json and MM.diff
//	approvals.json        who was asked, what they saw and what they said
//	calls.ndjson          every AWS call with its request id
//	notifications.json    every attempt to tell people
//	journal.ndjson        the journal's records, from which all of the above is made
//	audit.ndjson          the execution's audit records with their hashes, as they are in the chain
//	head.json             the chain's head when the archive was made
//	SHA256SUMS            of all of these, for sha256sum --check
//
// What there is none of has no file. The same case gives the same bytes.
func Write(w io.Writer, c Case) error {
	zipped := gzip.NewWriter(w)
	a := &archive{tar: tar.NewWriter(zipped), folder: "evidence-" + c.View.ID, at: c.View.Started.Add(c.View.Took).UTC().Truncate(time.Second)}
	a.add("report.md", report(&c))
	a.json("event.json", clean(c.View.Start.Event))
	if c.Finding != nil {
		a.json("finding.json", clean(encode(c.Finding)))
	}
	a.json("execution.json", clean(encode(c.View)))
	a.plans(&c)
	a.json("approvals.json", clean(encode(c.approvals())))
	a.add("calls.ndjson", lines(c.calls()))
	a.json("notifications.json", clean(encode(c.Told)))
	var journal, records bytes.Buffer
	for _, e := range c.Journal {
		journal.Write(append(clean(e.Data), '\n'))
	}
	for _, r := range c.Audit {
		records.Write(append(r.Encode(), '\n'))
	}
	a.add("journal.ndjson", journal.Bytes())
	a.add("audit.ndjson", records.Bytes())
	if c.Head != (audit.Head{}) {
		a.json("head.json", encode(c.Head))
	}
	a.add("SHA256SUMS", a.sums.Bytes())
	if a.err == nil {
		a.err = a.tar.Close()
	}
	if a.err == nil {
		a.err = zipped.Close()
	}
	if a.err != nil {
		return fmt.Errorf("write the evidence of execution %s: %w", c.View.ID, a.err)
	}
	return nil
}

// archive adds files until one fails.
type archive struct {
	tar    *tar.Writer
	folder string
	at     time.Time
	sums   bytes.Buffer
	err    error
}

func (a *archive) add(name string, data []byte) {
	if a.err != nil || len(data) == 0 {
		return
	}
	fmt.Fprintf(&a.sums, "%x  %s\n", sha256.Sum256(data), name)
	header := &tar.Header{Name: a.folder + "/" + name, Mode: 0o600, Size: int64(len(data)), ModTime: a.at, Format: tar.FormatPAX}
	if a.err = a.tar.WriteHeader(header); a.err == nil {
		_, a.err = a.tar.Write(data)
	}
}

func (a *archive) json(name string, raw json.RawMessage) {
	var out bytes.Buffer
	if len(raw) == 0 || string(raw) == "null" {
		return
	}
	if json.Indent(&out, raw, "", "  ") != nil {
		out.Reset()
		out.Write(raw)
	}
	a.add(name, append(out.Bytes(), '\n'))
}

func (a *archive) plans(c *Case) {
	names, tries := c.tries()
	for n, t := range tries {
		p := plan(t)
		if p == nil {
			continue
		}
		folder := fmt.Sprintf("plans/%02d-%s/", n+1, fileName(names[n]))
		a.json(folder+"plan.json", clean(encode(p)))
		for i, item := range p.Items {
			before, after := item.Before, item.After
			if len(before) > 0 {
				before = clean(before)
				a.json(fmt.Sprintf("%s%02d.before.json", folder, i+1), before)
			}
			if len(after) > 0 {
				after = clean(after)
				a.json(fmt.Sprintf("%s%02d.after.json", folder, i+1), after)
			}
			if diff := action.Diff(before, after); len(diff) > 0 {
				a.add(fmt.Sprintf("%s%02d.diff", folder, i+1), []byte(strings.Join(diff, "\n")+"\n"))
			}
		}
	}
}

// fileName keeps what is harmless in a file's name.
func fileName(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, text[:min(len(text), 60)])
}

func lines(calls []Call) []byte {
	var out bytes.Buffer
	for _, c := range calls {
		out.Write(append(clean(encode(c)), '\n'))
	}
	return out.Bytes()
}
