package cli

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"riposte.dev/event"
	"riposte.dev/source/file"
)

func newPutEventsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "put-events PATH...",
		Short: "Send events from files to the running riposte",
		Long: `Sends EventBridge envelopes or CloudTrail records (log files, a record a line, gzip or not; - is standard input).
Each event counts only once it is on riposte's disk. Old events are matched but start no response: a rule's max_age
(one hour unless it says otherwise) lowers them to a notification.`,
		Example: `  riposte put-events event.json
  aws cloudtrail lookup-events --output json | riposte put-events -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			sent, refused := 0, 0
			refuse := func(err error) {
				refused++
				fmt.Fprintln(cmd.ErrOrStderr(), "refused:", err)
			}
			reader := file.Reader{Stdin: cmd.InOrStdin(), Bad: refuse}
			err = reader.Read(cmd.Context(), args, func(raw []byte, where file.Where) error {
				e, err := event.Read(raw)
				if err == nil {
					err = c.Call(cmd.Context(), http.MethodPost, "/events", nil, json.RawMessage(e.JSON()), nil)
				}
				if err != nil {
					refuse(fmt.Errorf("%s: %w", where, err))
					return nil
				}
				sent++
				return nil
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d events stored, %d refused\n", sent, refused)
			if refused > 0 {
				return errFailed
			}
			return nil
		},
	}
}
