package sandbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// firehoseRequest is a request on its way to an endpoint or, without records,
// the reminder that the buffer of a round has become old.
type firehoseRequest struct {
	ID      string
	Born    time.Time
	Records [][]byte
	Round   int
}

// enqueue puts a request into the queue of a delivery stream.
func (b *firehoseBuffer) enqueue(r firehoseRequest, delay time.Duration) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode a request of Firehose: %w", err)
	}
	b.requests.put(text, delay)
	return nil
}

// sendFirehose sends what comes out of a delivery stream's queue.
func (s *Sandbox) sendFirehose(st *deliveryStream) func(context.Context, []byte) error {
	return func(ctx context.Context, text []byte) error {
		var r firehoseRequest
		if err := json.Unmarshal(text, &r); err != nil {
			return permanentError{err}
		}
		if r.Records == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if st.buffer.round != r.Round {
				return nil // it was full before
			}
			return st.flush(s)
		}
		err := st.endpoint.post(ctx, s.opts.HTTPClient, st.arn(), r)
		var permanent permanentError
		over := s.opts.Clock.Now().Sub(r.Born) >= st.endpoint.patience
		if err != nil && !over && !errors.As(err, &permanent) {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, data := range r.Records {
			st.buffer.waiting -= len(data)
		}
		if err == nil && st.backupMode == "FailedDataOnly" {
			return nil
		}
		backup := s.backUp(st, r, err)
		if err = errors.Join(err, backup); err != nil {
			return permanentError{err}
		}
		return nil
	}
}

// firehoseBody is the body of a request
// (https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html).
type firehoseBody struct {
	RequestID string           `json:"requestId"`
	Timestamp int64            `json:"timestamp"` // milliseconds
	Records   []firehoseRecord `json:"records"`
}

type firehoseRecord struct {
	Data []byte `json:"data"`
}

// maxFirehoseAnswer is the longest answer of an endpoint, in bytes.
const maxFirehoseAnswer = 1 << 20

// post makes one attempt. Status 413 is the only final refusal.
func (e httpEndpoint) post(ctx context.Context, client *http.Client, stream string, r firehoseRequest) error {
	ctx, cancel := context.WithTimeout(ctx, targetTimeout)
	defer cancel()
	req, err := e.request(ctx, stream, r)
	if err != nil {
		return permanentError{err}
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxFirehoseAnswer))
	switch {
	case resp.StatusCode == http.StatusRequestEntityTooLarge:
		return permanentError{errors.New("the endpoint answered 413: the request is too large")}
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("the endpoint answered %d, want 200", resp.StatusCode)
	case err != nil:
		return fmt.Errorf("read the endpoint's answer: %w", err)
	}
	var answer struct {
		RequestID string `json:"requestId"`
		Timestamp *int64 `json:"timestamp"`
	}
	switch err := json.Unmarshal(text, &answer); {
	case err != nil:
		return fmt.Errorf("the endpoint's answer is not the JSON that is wanted: %w", err)
	case answer.RequestID != r.ID:
		return fmt.Errorf("the endpoint answered for the request %.64q, want %q", answer.RequestID, r.ID)
	case answer.Timestamp == nil:
		return errors.New("the endpoint's answer has no timestamp")
	}
	return nil
}

func (e httpEndpoint) request(ctx context.Context, stream string, r firehoseRequest) (*http.Request, error) {
	body := firehoseBody{RequestID: r.ID, Timestamp: r.Born.UnixMilli()}
	for _, data := range r.Records {
		body.Records = append(body.Records, firehoseRecord{Data: data})
	}
	var text bytes.Buffer
	err := json.NewEncoder(&text).Encode(body)
	if err == nil && e.gzip {
		text, err = gzipped(text.Bytes())
	}
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, &text)
	if err != nil {
		return nil, errors.New("the URL of the endpoint is not valid")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Amazon Kinesis Data Firehose Agent/1.0")
	req.Header.Set("X-Amz-Firehose-Protocol-Version", "1.0")
	req.Header.Set("X-Amz-Firehose-Request-Id", r.ID)
	req.Header.Set("X-Amz-Firehose-Source-Arn", stream)
	if e.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	if e.accessKey != "" {
		req.Header.Set("X-Amz-Firehose-Access-Key", e.accessKey)
	}
	if len(e.attributes) > 0 {
		attributes, err := json.Marshal(map[string]any{"commonAttributes": e.attributes})
		if err != nil {
			return nil, err
		}
		req.Header.Set("X-Amz-Firehose-Common-Attributes", string(attributes))
	}
	return req, nil
}

func gzipped(text []byte) (bytes.Buffer, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(text)
	return out, errors.Join(err, w.Close())
}
