package stepfunctions

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Pages as all lists have them.
const (
	defaultPage = 100
	maxPage     = 1000
)

// paged is what every request for a list has.
type paged struct {
	MaxResults int    `json:"maxResults"`
	NextToken  string `json:"nextToken"`
}

func (p paged) limit() (int, error) {
	switch {
	case p.MaxResults < 0 || p.MaxResults > maxPage:
		return 0, refuse("ValidationException", "1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must be from 0 to %d", p.MaxResults, maxPage)
	case p.MaxResults == 0:
		return defaultPage, nil
	}
	return p.MaxResults, nil
}

// token is where a list of something goes on.
type token struct {
	List  string `json:"l"` // what is listed, with its filters
	After string `json:"a"`
}

func (t token) String() string {
	raw, _ := json.Marshal(t) // two texts: it can't fail
	return base64.RawURLEncoding.EncodeToString(raw)
}

// after is where the list goes on that a request asks for; "" at its beginning.
func (p paged) after(list string) (string, error) {
	if p.NextToken == "" {
		return "", nil
	}
	var t token
	raw, err := base64.RawURLEncoding.DecodeString(p.NextToken)
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	if err != nil || t.List != list || t.After == "" {
		return "", invalidToken()
	}
	return t.After, nil
}

func invalidToken() error {
	return refuse("InvalidToken", "Invalid Token: 'the nextToken is not of a page of this list; ask with the same parameters as before'")
}

// page cuts a list that is there as a whole; next is the token of what follows.
func page[T any](all []T, p paged, list string) (part []T, next string, err error) {
	limit, err := p.limit()
	if err != nil {
		return nil, "", err
	}
	after, err := p.after(list)
	if err != nil {
		return nil, "", err
	}
	begin := 0
	if after != "" {
		if _, err := fmt.Sscan(after, &begin); err != nil || begin < 0 {
			return nil, "", invalidToken()
		}
	}
	begin = min(begin, len(all))
	end := min(begin+limit, len(all))
	if end < len(all) {
		next = token{list, fmt.Sprint(end)}.String()
	}
	return append([]T{}, all[begin:end]...), next, nil
}
