-- One route under load, for wrk: LOAD_ROUTE says which, LOAD_KEY is the API key, LOAD_RUN tells this run from others. Prints one line of JSON at the end.

local route = os.getenv("LOAD_ROUTE")
local run = os.getenv("LOAD_RUN")
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init()
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("LOAD_KEY")
  wrk.headers["Content-Type"] = "application/json"
  count = 0
end

-- Every grant is another person's; who reads asks for one of those that the bench has granted before.
function request()
  count = count + 1
  if route == "grant" then
    local body = '{"user_id":"load-%s-%d-%d","purpose":"analytics"}'
    return wrk.format("POST", "/consent/grant", nil, body:format(run, number, count))
  elseif route == "status" then
    return wrk.format("GET", "/consent/reader-" .. (count % 20))
  end
  return wrk.format("GET", "/data/export/reader-" .. (count % 20))
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.write + summary.errors.timeout
  io.write(string.format('{"requests_per_second":%.1f,"p50_ms":%.2f,"p99_ms":%.2f,"failed":%d}\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed))
end
