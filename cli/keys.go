package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/web"
)

func newKeysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Access keys for those who send events or use the API",
		Long: `Keys sign requests as AWS access keys do (SigV4), so that the AWS SDK and CLI can send events with PutEvents.
A connection of an EventBridge API destination has the id as user name and the secret as password (BASIC).
Keys are stored encrypted; the secret is shown once. The name says whose a key is: approvals, pauses, exceptions, undos and the
audit record show it. Of the keys in use, one has a name; who got a new one in place of an old has the same name still.`,
	}
	cmd.AddCommand(newKeysCreate(), newKeysList(), newKeysRevoke())
	return cmd
}

func newKeysCreate() *cobra.Command {
	var req web.NewKey
	var roles []string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a key and show its secret once",
		Example: `  riposte keys create --account 111122223333 --role ingest
  riposte keys create --account 111122223333 --role ingest --speaks-for-aws    for EventBridge's API destination
  riposte keys create --account 111122223333 --role read,approve --name ana`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			for _, role := range roles {
				req.Roles = append(req.Roles, web.Role(role))
			}
			var key web.CreatedKey
			if err := c.Call(cmd.Context(), http.MethodPost, "/api/v1/keys", nil, req, &key); err != nil {
				return err
			}
			return printValue(cmd, key, func(w io.Writer) error {
				fmt.Fprintf(w, "export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n", key.ID, key.Secret)
				fmt.Fprintln(cmd.ErrOrStderr(), "the secret is not shown again; send events to", c.URL)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.Account, "account", "", "AWS account (12 digits) in whose name events come")
	f.StringSliceVar(&roles, "role", []string{string(web.Ingest)}, "what the key may do: ingest, read, respond, approve, admin")
	f.StringVar(&req.Name, "name", "", "whose it is, such as ana; needed for the roles respond, approve and admin (default the id)")
	f.BoolVar(&req.SpeaksForAWS, "speaks-for-aws", false, `may send events whose source begins with "aws."`)
	return cmd
}

func newKeysList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys", Example: "  riposte keys list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var list []web.KeyInfo
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/keys", nil, nil, &list); err != nil {
				return err
			}
			return printValue(cmd, list, func(w io.Writer) error {
				t := newTable(w, "NAME", "ID", "ACCOUNT", "ROLES", "SPEAKS FOR AWS", "CREATED", "LAST USED")
				for _, k := range list {
					var roles []string
					for _, role := range k.Roles {
						roles = append(roles, string(role))
					}
					used := "never"
					if !k.LastUsed.IsZero() {
						used = k.LastUsed.Format(time.RFC3339)
					}
					t.AppendRow([]any{k.Name, k.ID, k.Account, strings.Join(roles, ","), k.SpeaksForAWS, k.Created.Format(time.RFC3339), used})
				}
				t.Render()
				return nil
			})
		},
	}
}

func newKeysRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke KEY", Short: "Revoke a key, by its name or id, at once", Example: "  riposte keys revoke ana",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			if err := c.Call(cmd.Context(), http.MethodDelete, "/api/v1/keys/"+url.PathEscape(args[0]), nil, nil, nil); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "key %s is revoked\n", args[0])
			return nil
		},
	}
}
