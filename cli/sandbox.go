package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// sandboxFlags are the flags of riposte sandbox.
type sandboxFlags struct {
	listen, smtp, delivery, target, key string
	accounts                            []string
	organization                        bool
	logFiles, digests                   time.Duration
}

func newSandboxCommand() *cobra.Command {
	var flags sandboxFlags
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run the AWS look-alike alone",
		Long: `Answers the AWS SDK and the aws CLI on loopback, with signatures, IAM policies, CloudTrail records and EventBridge
delivery. State is in memory and gone with the process. It prints the credentials of an administrator of each account:
the first ones as shell exports, the others as comments.

CloudTrail writes log files to the buckets of trails every --log-files, and signed digest files every --digests; AWS
takes five minutes and an hour.`,
		Example: `  riposte sandbox --listen 127.0.0.1:4566
  riposte sandbox --events-to http://127.0.0.1:7411/events --events-key RIPOEXAMPLE:secret --delivery aws
  riposte sandbox --log-files 5s --digests 1m
  riposte sandbox --account 111122223333 --account 444455556666 --organization`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return runSandbox(ctx, flags, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.listen, "listen", "127.0.0.1:4566", "address to listen on")
	f.StringSliceVar(&flags.accounts, "account", []string{"111122223333"}, "account to create, with an administrator; repeat it for more")
	f.BoolVar(&flags.organization, "organization", false, "join the accounts in an organisation, which the first one manages")
	f.StringVar(&flags.smtp, "smtp", "", "mail server (host:port) for e-mail subscribers of SNS topics")
	f.StringVar(&flags.delivery, "delivery", "now", "how events are delivered: now, or aws for AWS's delay, duplicates and disorder")
	f.DurationVar(&flags.logFiles, "log-files", 0, "interval of CloudTrail's log files; 0 for full files only")
	f.DurationVar(&flags.digests, "digests", 0, "interval of CloudTrail's digest files; 0 for those of trails that are changed")
	f.StringVar(&flags.target, "events-to", "", "URL that events are posted to, as an EventBridge API destination does")
	f.StringVar(&flags.key, "events-key", "", "key for --events-to, sent as X-Api-Key")
	for name, values := range map[string][]string{
		"delivery":  {"now\tat once and in order", "aws\twith AWS's delay, duplicates and disorder"},
		"log-files": {"5s", "1m", "5m"}, "digests": {"1m", "1h"}, "account": {"111122223333", "444455556666"},
		"listen": {"127.0.0.1:4566", "127.0.0.1:0"}, "smtp": {"127.0.0.1:1025"}, "events-to": {"http://127.0.0.1:7411/events"}, "events-key": nil,
	} {
		// It fails for flags that don't exist.
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

// closing bounds how long the sandbox delivers what waits when it ends.
const closing = 2 * time.Second

func runSandbox(ctx context.Context, flags sandboxFlags, out io.Writer) error {
	options := sandbox.Options{SMTP: flags.smtp, LogFiles: sandbox.LogFiles{Interval: flags.logFiles, Digests: flags.digests}}
	switch flags.delivery {
	case "now":
	case "aws":
		options.Delivery = sandbox.AWSDelivery()
	default:
		return &usageError{fmt.Errorf("there is no delivery %q; use now or aws", flags.delivery)}
	}
	if flags.logFiles < 0 || flags.digests < 0 {
		return &usageError{fmt.Errorf("--log-files %s and --digests %s: an interval can't be negative", flags.logFiles, flags.digests)}
	}
	if flags.target != "" {
		options.EventTargets = []sandbox.EventTarget{{URL: flags.target, Header: "X-Api-Key", Value: flags.key}}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", flags.listen)
	if err != nil {
		return fault.New(fault.Unavailable, "cannot listen on %s: %w", flags.listen, err).WithHint("pass --listen 127.0.0.1:0 for any free port")
	}
	// Serving closes it too, when it comes to that.
	defer listener.Close()
	options.PublicURL = "http://" + listener.Addr().String()
	box, err := sandbox.New(options)
	if err != nil {
		return err
	}
	defer func() {
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		defer cancel()
		// Receivers that are gone by now lose what waits, as all state is lost.
		_ = box.Close(bound)
	}()
	if err := furnish(box, flags, options.PublicURL, out); err != nil {
		return err
	}
	return box.Serve(ctx, listener)
}

// furnish makes the accounts and prints how to use them.
func furnish(box *sandbox.Sandbox, flags sandboxFlags, url string, out io.Writer) error {
	var accounts []*sandbox.Account
	for i, id := range flags.accounts {
		account, err := box.CreateAccount(id, fmt.Sprintf("sandbox-%d", i+1))
		if err != nil {
			return &usageError{fmt.Errorf("--account %s: %w", id, err)}
		}
		admin, err := account.CreateUser("admin", sandbox.AdministratorAccess)
		if err != nil {
			return err
		}
		if i == 0 {
			fmt.Fprintf(out, "export AWS_ENDPOINT_URL=%s\nexport AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\nexport AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n",
				url, admin.AccessKeyID, admin.SecretAccessKey)
		} else {
			fmt.Fprintf(out, "# account %s: export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\n", id, admin.AccessKeyID, admin.SecretAccessKey)
		}
		accounts = append(accounts, account)
	}
	if !flags.organization {
		return nil
	}
	if len(accounts) == 0 {
		return &usageError{fmt.Errorf("--organization needs an account: pass --account")}
	}
	return accounts[0].CreateOrganization(accounts[1:]...)
}
