package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/fault"
	"riposte.dev/web"
)

func newReplayCommand() *cobra.Command {
	var since string
	var request web.ReplayRequest
	var files []string
	cmd := &cobra.Command{
		Use:   "replay --since WHEN",
		Short: "Ask the rules about events that riposte has kept, in dry run",
		Long: `Gives the events and findings that a running riposte has kept (three days, by default) to its rules once more, and shows
what matches, what would start, what would escalate because it was broken again and again, and what would be done now. The guard is
asked as if it were then, with its budgets and its breaker; they count what the replay itself would have changed. Of responses to one
resource the last is looked at. It is always a dry run: nothing is changed, no finding is raised, nobody is told.
With --rules it tries rules that are not in force.`,
		Example: `  riposte replay --since 24h
  riposte replay --since 2026-11-20 --rule cloudtrail-logging-stopped
  riposte replay --since 3d --rules ./new-rules --plans 0 -o ndjson`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			name, err := format(cmd)
			if err != nil {
				return err
			}
			if request.Since, err = parseMoment(since, time.Now()); err != nil {
				return err
			}
			if request.Files, err = ruleTexts(files); err != nil {
				return err
			}
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			body, err := c.Open(cmd.Context(), http.MethodPost, "/api/v1/replay", nil, request)
			if err != nil {
				return err
			}
			defer body.Close()
			return showReplay(cmd, name, json.NewDecoder(body))
		},
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", "24h", "how far back, or from when: 36h, 3d, 2026-11-20, 2026-11-20T03:00:00Z")
	f.StringArrayVar(&request.Rules, "rule", nil, "only this rule (repeatable)")
	f.StringArrayVar(&files, "rules", nil, "file or folder of rules to try instead of those in force (repeatable)")
	f.IntVar(&request.Plans, "plans", 20, "look at the account for at most so many responses, the newest; 0 for none")
	return cmd
}

// ruleTexts reads the files of rules.
func ruleTexts(paths []string) ([]web.ReplayFile, error) {
	var texts []web.ReplayFile
	for _, path := range paths {
		source, err := RuleSource(path)
		if err != nil {
			return nil, err
		}
		err = fs.WalkDir(source.FS, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			raw, err := fs.ReadFile(source.FS, name)
			texts = append(texts, web.ReplayFile{Name: source.Name + "/" + name, Text: string(raw)})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
	}
	return texts, nil
}

// showReplay prints a replay as it comes.
func showReplay(cmd *cobra.Command, format string, lines *json.Decoder) error {
	matches, escalations, failed := 0, 0, 0
	var all []web.ReplayLine
	for {
		var l web.ReplayLine
		switch err := lines.Decode(&l); {
		case errors.Is(err, io.EOF):
			return fault.New(fault.Unavailable, "riposte ended the replay; it is stopping").WithHint("run it again")
		case err != nil:
			return fmt.Errorf("reading the replay: %w", err)
		}
		switch l.Kind {
		case "match":
			matches++
		case "escalation":
			escalations++
		case "failed":
			failed++
		case "done":
			if format == "json" || format == "yaml" {
				if err := printValue(cmd, some(all), nil); err != nil {
					return err
				}
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d events, %d matches, %d escalations, %d failures; nothing was changed\n", l.Events, matches, escalations, failed)
			return nil
		}
		switch format {
		case "table":
			fmt.Fprintln(plain{cmd.OutOrStdout()}, replayText(l))
		case "ndjson":
			if err := printValue(cmd, []web.ReplayLine{l}, nil); err != nil {
				return err
			}
		default:
			all = append(all, l)
		}
	}
}

// replayText lays a line out for people.
func replayText(l web.ReplayLine) string {
	at := l.Time.Local().Format("2006-01-02 15:04:05")
	switch l.Kind {
	case "plan":
		text := fmt.Sprintf("%s  would start %s in mode %s for %s", at, l.Playbook, or(l.Mode, "unknown"), l.Title)
		for _, item := range l.Items {
			text += "\n    " + item
		}
		if l.Error != "" {
			text += "\n    could not look: " + l.Error
		}
		return text
	case "failed":
		return strings.TrimSpace(fmt.Sprintf("%s  failed %s %s: %s", at, l.EventID, l.Rule, l.Error))
	}
	text := fmt.Sprintf("%s  %-8s %s (%s)", at, l.Severity, l.Title, l.Rule)
	if l.Kind == "escalation" {
		text += "\n    escalates to " + l.Playbook
		if l.Principal != "" {
			text += " because of " + l.Principal
		}
		if l.Error != "" {
			text += "\n    could not escalate: " + l.Error
		}
	}
	if len(l.Reasons) > 0 {
		text += "\n    would start nothing: " + strings.Join(l.Reasons, " ")
	}
	return text
}
