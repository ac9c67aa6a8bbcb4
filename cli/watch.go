package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/web"
)

func newWatchCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "watch",
		Short: "Show what riposte sees and does, as it happens",
		Long:  "Shows every match, step, call, finding and notification from now on, with the time since the event was received.",
		Example: `  riposte watch
  riposte watch -o ndjson | jq 'select(.kind == "ended")'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			name, err := format(cmd)
			if err != nil {
				return err
			}
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			body, err := c.Open(cmd.Context(), http.MethodGet, "/api/v1/watch", nil, nil)
			if err != nil {
				return err
			}
			defer body.Close()
			fmt.Fprintln(cmd.ErrOrStderr(), "watching", c.URL, "(Ctrl-C ends)")
			lines := bufio.NewReader(body)
			for {
				raw, err := lines.ReadBytes('\n')
				if cmd.Context().Err() != nil {
					return nil
				}
				if err != nil && !errors.Is(err, io.EOF) {
					return fmt.Errorf("watching: %w", err)
				}
				if err != nil {
					return errors.New("riposte has ended the watch; it is stopping")
				}
				if len(bytes.TrimSpace(raw)) == 0 {
					continue
				}
				if name != "table" {
					fmt.Fprint(cmd.OutOrStdout(), string(raw))
					continue
				}
				var l web.Line
				if err := json.Unmarshal(raw, &l); err != nil {
					return fmt.Errorf("reading the watch: %w", err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), LineText(l))
			}
		},
	}
}

// LineText lays a line out for people: time, time since receipt, kind, text.
func LineText(l web.Line) string {
	since := ""
	if l.Since > 0 {
		since = "+" + Milliseconds(l.Since)
	}
	return fmt.Sprintf("%s %10s  %-8s %s", l.Time.Local().Format("15:04:05.000"), since, l.Kind, l.Text)
}

// Milliseconds formats a duration as people compare latencies.
func Milliseconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return d.Round(time.Second).String()
}
