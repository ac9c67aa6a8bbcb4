package action

import "errors"

// ErrNotYet is what Verify returns while the change may still become visible (AWS is eventually consistent).
var ErrNotYet = errors.New("the change is not visible yet")
