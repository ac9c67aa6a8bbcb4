package accounts

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"riposte.dev/action/awscall"
)

// tagsLast is how long an account's tags are taken from memory.
const tagsLast = 5 * time.Minute

// accountTags are the tags of accounts that were asked for.
type accountTags struct {
	mu    sync.Mutex // held while AWS is asked: a swarm of events about one account asks once
	known map[string]knownTags
}

type knownTags struct {
	tags  map[string]string
	until time.Time
}

// Tags returns the tags that an account has in AWS Organizations: none where there is no aws.organization. Of an account that
// riposte doesn't look after they are not known: fault.Denied.
func (a *Accounts) Tags(ctx context.Context, account string) (map[string]string, error) {
	org := a.options.Organization
	if org == nil {
		return nil, nil
	}
	if _, err := a.member(ctx, account); err != nil {
		return nil, err
	}
	t := &a.tags
	t.mu.Lock()
	defer t.mu.Unlock()
	now := a.options.Now()
	if known, ok := t.known[account]; ok && now.Before(known.until) {
		return known.tags, nil
	}
	tags := map[string]string{}
	pages := organizations.NewListTagsForResourcePaginator(organizations.NewFromConfig(a.organizationConfig(org)),
		&organizations.ListTagsForResourceInput{ResourceId: &account})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "organizations:ListTagsForResource", "read the tags of account %s", account)
		}
		for _, tag := range page.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	if t.known == nil {
		t.known = map[string]knownTags{}
	}
	t.known[account] = knownTags{tags, now.Add(tagsLast)}
	return tags, nil
}
