package accounts

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"riposte.dev/fault"
)

// Above returns the ids of the organizational units and the root above an account (ou-…, r-…), as the last discovery, or the one
// that was kept, says. Of an account that the discovery left out, or whose place AWS does not tell, it is fault.NotFound: what is
// not known must not look like an account outside every unit.
func (a *Accounts) Above(_ context.Context, account string) ([]string, error) {
	if places := a.places.Load(); places != nil && len((*places)[account]) > 0 {
		return slices.Clone((*places)[account]), nil
	}
	return nil, fault.New(fault.NotFound, "AWS Organizations has not told in which organisational unit account %s is", account).
		WithHint("name accounts instead of units, or see that aws.organization includes the account")
}

// place remembers where the accounts are.
func (a *Accounts) place(found []memberOf) {
	places := make(map[string][]string, len(found))
	for _, f := range found {
		places[f.ID] = f.Above
	}
	a.places.Store(&places)
}

// above returns the units and roots of an account's paths, sorted. Paths look like
// o-abc/r-def/ou-def-12345678/111122223333/ (https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html).
func above(account types.Account) []string {
	var ids []string
	for _, path := range account.Paths {
		for part := range strings.SplitSeq(path, "/") {
			if unitID().MatchString(part) {
				ids = append(ids, part)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
