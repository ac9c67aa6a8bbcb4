package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"golang.org/x/time/rate"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// checkpoint is the key of the organisation's list.
const checkpoint = "accounts/organization"

// pagesPerSecond is what riposte takes of the organisation's quota, which all its tools share
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html).
const pagesPerSecond, pagesAtOnce = 4, 8

// kept is the organisation's list as it outlives the process.
type kept struct {
	Filter   string     `json:"filter"` // of a list that was made with another one nothing is taken
	Accounts []memberOf `json:"accounts"`
}

type memberOf struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Above []string `json:"above,omitempty"` // units and root
}

// Discover asks AWS Organizations for the active accounts and puts them in force. When it fails the accounts stay as they
// were. Without an organisation it does nothing. Accounts that are suspended, or being closed, are left out.
func (a *Accounts) Discover(ctx context.Context) error {
	org := a.options.Organization
	if org == nil {
		return nil
	}
	found, err := a.listOrganization(ctx, org)
	if err != nil {
		return err
	}
	if err := a.putInForce(ctx, org, found); err != nil {
		return err
	}
	a.metrics.discovered.Set(float64(a.options.Now().Unix()))
	return a.keep(ctx, org, found)
}

// organizationConfig reaches the account that may ask about the organisation.
func (a *Accounts) organizationConfig(org *Organization) aws.Config {
	cfg := a.own.config("")
	if org.Manager != "" {
		cfg.Credentials = aws.NewCredentialsCache(a.roleProvider(org.Manager, org.ExternalID))
	}
	return cfg
}

func (a *Accounts) listOrganization(ctx context.Context, org *Organization) ([]memberOf, error) {
	pages := organizations.NewListAccountsPaginator(organizations.NewFromConfig(a.organizationConfig(org)), &organizations.ListAccountsInput{})
	pace := rate.NewLimiter(pagesPerSecond, pagesAtOnce)
	var found []memberOf
	for pages.HasMorePages() {
		if err := pace.Wait(ctx); err != nil {
			return nil, fmt.Errorf("list the organisation's accounts: %w", err)
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "organizations:ListAccounts", "list the organisation's accounts")
		}
		for _, account := range page.Accounts {
			wanted, err := org.wants(account)
			if err != nil {
				return nil, err
			}
			if wanted {
				found = append(found, memberOf{ID: aws.ToString(account.Id), Name: aws.ToString(account.Name), Above: above(account)})
			}
		}
	}
	return found, nil
}

// wants reports whether the account is active and not filtered out.
func (org *Organization) wants(account types.Account) (bool, error) {
	state := string(account.State)
	if state == "" {
		state = string(account.Status)
	}
	if state != string(types.AccountStateActive) {
		return false, nil
	}
	included, err := org.within(account, org.Include)
	if err != nil {
		return false, err
	}
	excluded, err := org.within(account, org.Exclude)
	return (included || len(org.Include) == 0) && !excluded, err
}

// within reports whether an id of the list is the account or lies above it.
func (*Organization) within(account types.Account, ids []string) (bool, error) {
	for _, id := range ids {
		if id == aws.ToString(account.Id) || slices.Contains(above(account), id) {
			return true, nil
		}
		if !accountID.MatchString(id) && len(account.Paths) == 0 {
			return false, fault.New(fault.Unavailable, "AWS does not say in which organisational unit account %s is", aws.ToString(account.Id)).
				WithHint("name accounts instead of %s under aws.organization", id)
		}
	}
	return false, nil
}

// putInForce makes accounts of the members; riposte's own keeps its own credentials.
func (a *Accounts) putInForce(ctx context.Context, org *Organization, found []memberOf) error {
	me, err := a.whoAmI(ctx)
	if err != nil {
		return err
	}
	a.place(found)
	list := make([]Account, len(found))
	for i, f := range found {
		list[i] = Account{ID: f.ID, Name: f.Name}
		if f.ID != me.account {
			list[i].Role = fmt.Sprintf("arn:%s:iam::%s:role/%s", awscall.Partition(a.base.Region), f.ID, org.RoleName)
			list[i].ExternalID = org.ExternalID
		}
	}
	if a.replace(list) {
		a.options.Changed()
		select {
		case a.unchecked <- struct{}{}:
		default: // the next check is due anyway
		}
	}
	return nil
}

func (a *Accounts) keep(ctx context.Context, org *Organization, found []memberOf) error {
	if a.options.Checkpoints == nil {
		return nil
	}
	text, err := json.Marshal(kept{Filter: org.filter(), Accounts: found})
	if err != nil {
		return fmt.Errorf("keep the organisation's accounts: %w", err)
	}
	if err := a.options.Checkpoints.Set(ctx, checkpoint, string(text)); err != nil {
		return fmt.Errorf("keep the organisation's accounts: %w", err)
	}
	return nil
}

// recall puts the list of the last run in force, so that riposte can respond before, or without, the first discovery.
func (a *Accounts) recall(ctx context.Context) error {
	org := a.options.Organization
	if org == nil || a.options.Checkpoints == nil {
		return nil
	}
	text, known, err := a.options.Checkpoints.Get(ctx, checkpoint)
	if err != nil {
		return fmt.Errorf("recall the organisation's accounts: %w", err)
	}
	var last kept
	if known && json.Unmarshal([]byte(text), &last) == nil && last.Filter == org.filter() {
		return a.putInForce(ctx, org, last.Accounts)
	}
	return nil // a list that can't be read, or was made with other wishes, is none: discovery makes it anew
}

// filter tells apart lists that were made with different wishes.
func (org *Organization) filter() string {
	sorted := func(ids []string) string { return strings.Join(slices.Sorted(slices.Values(ids)), ",") }
	return "include " + sorted(org.Include) + " exclude " + sorted(org.Exclude) + " manager " + org.Manager
}
