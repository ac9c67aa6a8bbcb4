package event

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Checked is the JSON of an envelope that a Reader has checked. Most events no rule is about: an Envelope is made of those
// that one is.
type Checked struct {
	JSON []byte
	Time time.Time
	// Dotted tells that a name in the event has a dot in it, so that a path may be written in two ways.
	Dotted bool

	detail int // where the record begins that the envelope was made of; 0: it came as an envelope
}

// judge refuses what is neither record nor envelope.
func (r *Reader) judge() error {
	found := &r.found
	if r.envelope = found.values[detailTypePart] != nil; !r.envelope {
		return r.judgeRecord()
	}
	plainly := found.detail && !found.alien
	for _, p := range [...]part{idPart, sourcePart, detailTypePart, timePart} {
		plainly = plainly && len(found.values[p]) > len(`""`)
	}
	if plainly && r.time.UnmarshalText(found.text(timePart)) == nil {
		return nil
	}
	e, err := decode(r.src) // it says what is wrong
	if err == nil {
		r.time = e.Time
	}
	return err
}

// Append appends the JSON of the event that was read to texts: an envelope as it came, a record in the envelope that
// FromCloudTrail makes for it. What it returns as Checked is part of texts.
func (r *Reader) Append(texts []byte) ([]byte, Checked) {
	from := len(texts)
	c := Checked{Time: r.time, Dotted: r.dotted}
	if r.envelope {
		texts = append(texts, r.src...)
	} else {
		texts = r.appendPrefix(texts)
		c.detail = len(texts) - from
		texts = append(append(texts, r.src...), '}')
	}
	c.JSON = texts[from:len(texts):len(texts)]
	return texts, c
}

// Envelope returns the envelope. It keeps nothing of JSON, which must be as the Reader left it.
func (c Checked) Envelope() (*Envelope, error) {
	raw := bytes.Clone(c.JSON)
	if c.detail == 0 {
		return decode(raw)
	}
	e, err := FromCloudTrail(raw[c.detail : len(raw)-1 : len(raw)-1])
	if err != nil {
		return nil, err
	}
	e.raw = raw
	return e, nil
}

// appendPrefix appends what stands before the record in the envelope's JSON; Envelope.AppendJSON writes the same.
func (r *Reader) appendPrefix(b []byte) []byte {
	found := &r.found
	b = append(b, `{"version":"0","id":`...)
	b = appendQuoted(b, found.values[eventIDPart])
	b = append(b, `,"detail-type":"`...)
	b = append(b, detailType(found.text(eventTypePart))...)
	b = append(b, `","source":"aws.`...)
	if service := found.service(); bytes.ContainsAny(service, `"\`) {
		quoted, _ := jsontext.AppendQuote(nil, service)
		b = append(b, quoted[1:]...)
	} else {
		b = append(append(b, service...), '"')
	}
	b = append(b, `,"account":`...)
	if account := found.values[recipientPart]; len(account) > len(`""`) {
		b = appendQuoted(b, account)
	} else {
		b = appendQuoted(b, found.values[userPart])
	}
	b = append(b, `,"time":"`...)
	if at := found.text(eventTimePart); len(at) == len("2006-01-02T15:04:05Z") {
		b = append(b, at...)
	} else {
		b = r.time.AppendFormat(b, time.RFC3339Nano)
	}
	b = append(b, `","region":`...)
	b = appendQuoted(b, found.values[regionPart])
	b = append(b, `,"resources":[`...)
	empty := len(b)
	for _, arn := range found.arns {
		if len(arn) > len(`""`) {
			if len(b) > empty {
				b = append(b, ',')
			}
			b = appendQuoted(b, arn)
		}
	}
	return append(b, `],"detail":`...)
}

// appendQuoted appends a string that was read, with its quotes; an empty one where there is none.
func appendQuoted(b, quoted []byte) []byte {
	switch {
	case quoted == nil:
		return append(b, `""`...)
	case bytes.IndexByte(quoted, '\\') < 0:
		return append(b, quoted...)
	}
	b, _ = jsontext.AppendQuote(b, plain(quoted))
	return b
}
