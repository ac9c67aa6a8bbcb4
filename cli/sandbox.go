package cli

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

func newSandboxCommand() *cobra.Command {
	var listen, smtp, delivery, target, key, account string
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run the AWS look-alike alone",
		Long: `Answers the AWS SDK and the aws CLI on loopback, with signatures, IAM policies, CloudTrail records and EventBridge
delivery. State is in memory and gone with the process. It prints the credentials of an administrator.`,
		Example: `  riposte sandbox --listen 127.0.0.1:4566
  riposte sandbox --events-to http://127.0.0.1:7411/events --events-key RIPOEXAMPLE:secret --delivery aws`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
			if err != nil {
				return fault.New(fault.Unavailable, "cannot listen on %s: %w", listen, err).WithHint("pass --listen 127.0.0.1:0 for any free port")
			}
			url := "http://" + listener.Addr().String()
			options := sandbox.Options{PublicURL: url, SMTP: smtp}
			switch delivery {
			case "now":
			case "aws":
				options.Delivery = sandbox.AWSDelivery()
			default:
				return &usageError{fmt.Errorf("there is no delivery %q; use now or aws", delivery)}
			}
			if target != "" {
				options.EventTargets = []sandbox.EventTarget{{URL: target, Header: "X-Api-Key", Value: key}}
			}
			box, err := sandbox.New(options)
			if err != nil {
				return err
			}
			made, err := box.CreateAccount(account, "sandbox")
			if err != nil {
				return err
			}
			admin, err := made.CreateUser("admin", sandbox.AdministratorAccess)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "export AWS_ENDPOINT_URL=%s\nexport AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\nexport AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n",
				url, admin.AccessKeyID, admin.SecretAccessKey)
			return box.Serve(ctx, listener)
		},
	}
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:4566", "address to listen on")
	f.StringVar(&account, "account", "111122223333", "account to create, with an administrator")
	f.StringVar(&smtp, "smtp", "", "mail server (host:port) for e-mail subscribers of SNS topics")
	f.StringVar(&delivery, "delivery", "now", "how events are delivered: now, or aws for AWS's delay, duplicates and disorder")
	f.StringVar(&target, "events-to", "", "URL that events are posted to, as an EventBridge API destination does")
	f.StringVar(&key, "events-key", "", "key for --events-to, sent as X-Api-Key")
	return cmd
}
