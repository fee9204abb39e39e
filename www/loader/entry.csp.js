// `banner.csp.js`: the widget translated into JavaScript, for policies that refuse WebAssembly.
import * as translated from 'widget/translated.js';
import { run } from './main.js';

run(translated);
