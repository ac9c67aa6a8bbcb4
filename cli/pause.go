package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/guard"
	"riposte.dev/store"
)

func newPauseCommand() *cobra.Command {
	var p guard.Pause
	cmd := &cobra.Command{
		Use:   "pause --reason WHY",
		Short: "The kill switch: change nothing until somebody resumes",
		Long: `Keeps riposte from changing anything, at once: responses don't start, and those under way make no further call. It
goes on detecting and telling people. Flags narrow it; what several of them say must all hold. It outlives restarts, and
works also while riposte is down or doesn't answer. What people take back with "executions undo" is not held up.`,
		Example: `  riposte pause --reason 'it does something strange'
  riposte pause --account 111122223333 --reason 'migration, OPS-42'
  riposte pause --action ec2.revoke-ingress --reason 'false alarms'
  riposte pause list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.Validate(); err != nil {
				return &usageError{err}
			}
			return withPauses(cmd, func(ctx context.Context, s pauses) error {
				paused, err := s.pause(ctx, p)
				if err != nil {
					return err
				}
				return printValue(cmd, paused, func(w io.Writer) error {
					fmt.Fprintf(w, "%s: %s is paused; end it with riposte resume %s\n", paused.ID, paused.Scope(), paused.ID)
					return nil
				})
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.Reason, "reason", "", "why, for whoever is woken by the silence (needed)")
	f.StringVar(&p.Account, "account", "", "only in this account")
	f.StringVar(&p.Region, "region", "", "only in this region")
	f.StringVar(&p.Rule, "rule", "", "only responses of this rule")
	f.StringVar(&p.Action, "action", "", "only this action")
	f.StringVar(&p.Resource, "resource", "", "only resources with this ARN; * and ? are wildcards")
	cmd.AddCommand(newPauseList())
	return cmd
}

func newPauseList() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List what is paused", Example: "  riposte pause list --all",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPauses(cmd, func(ctx context.Context, s pauses) error {
				list, err := s.list(ctx, all)
				if err != nil {
					return err
				}
				return printValue(cmd, list, func(w io.Writer) error { return printPauses(w, list, all) })
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "those that were ended too")
	return cmd
}

func printPauses(w io.Writer, list []store.PauseRecord, all bool) error {
	if len(list) == 0 {
		fmt.Fprintln(w, "nothing is paused")
		return nil
	}
	columns := []any{"ID", "PAUSED", "SINCE", "BY", "REASON"}
	if all {
		columns = append(columns, "ENDED")
	}
	t := newTable(w, columns...)
	for _, p := range list {
		row := []any{p.ID, p.Scope(), p.Since.Format(time.RFC3339), p.By, p.Reason}
		if all && !p.Resumed.IsZero() {
			row = append(row, p.Resumed.Format(time.RFC3339)+" by "+p.ResumedBy)
		}
		t.AppendRow(row)
	}
	t.Render()
	return nil
}

func newResumeCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "resume [ID]",
		Short: "End a pause",
		Long: `Ends a pause. What came meanwhile is not answered afterwards: "replay" shows what would have been done, and the executions
that were held up are in "executions list".`,
		Example: `  riposte resume pause-7f3a21
  riposte resume --all`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return &usageError{errors.New("resume needs the id of a pause, or --all; `riposte pause list` shows them")}
			}
			return withPauses(cmd, func(ctx context.Context, s pauses) error {
				if !all {
					return s.end(ctx, cmd, args[0])
				}
				list, err := s.list(ctx, false)
				for _, p := range list {
					err = errors.Join(err, s.end(ctx, cmd, p.ID))
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "end every pause")
	return cmd
}

// pauses reaches the kill switch: through the running riposte, or in its database.
type pauses struct {
	client *Client
	store  *store.Pauses
}

// withPauses opens the kill switch. It must work when nothing else does: where no riposte answers, the database is changed
// itself, which the guard of one that hangs reads too.
func withPauses(cmd *cobra.Command, do func(context.Context, pauses) error) error {
	return reach(cmd, "/api/v1/pauses", func(ctx context.Context, c *Client, db *store.Store) error {
		if db != nil {
			return do(ctx, pauses{store: db.Pauses})
		}
		return do(ctx, pauses{client: c})
	})
}

func (s pauses) pause(ctx context.Context, p guard.Pause) (guard.Pause, error) {
	if s.store != nil {
		return s.store.Pause(ctx, p, me())
	}
	var paused guard.Pause
	return paused, s.client.Call(ctx, http.MethodPost, "/api/v1/pauses", nil, p, &paused)
}

func (s pauses) list(ctx context.Context, all bool) (list []store.PauseRecord, err error) {
	if s.store == nil {
		query := url.Values{}
		if all {
			query.Set("all", "true")
		}
		return list, s.client.Call(ctx, http.MethodGet, "/api/v1/pauses", query, nil, &list)
	}
	if all {
		return s.store.PauseHistory(ctx)
	}
	inForce, err := s.store.InForce(ctx)
	for _, p := range inForce {
		list = append(list, store.PauseRecord{Pause: p})
	}
	return list, err
}

func (s pauses) end(ctx context.Context, cmd *cobra.Command, id string) (err error) {
	if s.store != nil {
		err = s.store.Resume(ctx, id, me())
	} else {
		err = s.client.Call(ctx, http.MethodDelete, "/api/v1/pauses/"+url.PathEscape(id), nil, nil, nil)
	}
	if err == nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s ended; riposte acts again\n", id)
	}
	return err
}

// me is the person at this terminal, as the system knows them.
func me() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "owner"
}
