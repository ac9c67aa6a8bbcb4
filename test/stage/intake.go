package stage

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Post sends one event to riposte's intake as an EventBridge API destination does. It returns nil when riposte has
// acknowledged the event.
func (s *Stage) Post(ctx context.Context, client *http.Client, envelope []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/events", bytes.NewReader(envelope))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Api-Key", s.Key)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the intake answers %s: %s", resp.Status, answer)
	}
	return nil
}

// Ready waits until riposte handles events.
func (s *Stage) Ready(ctx context.Context) error {
	last := "nothing"
	err := Wait(ctx, "riposte to be ready", func() (bool, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/readyz", nil)
		if err != nil {
			return false, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false, nil // not listening yet
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		last = string(answer)
		return resp.StatusCode == http.StatusOK, err
	})
	if err != nil {
		return fmt.Errorf("%w; its last answer: %s", err, last)
	}
	return nil
}

// Wait asks every 10 ms until the answer is yes, an error, or ctx has ended.
func Wait(ctx context.Context, what string, ask func() (bool, error)) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := ask()
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
		}
	}
}
