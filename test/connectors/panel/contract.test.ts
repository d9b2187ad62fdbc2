import { keepsTheContract } from '../../conformance/keeps-the-contract.ts';
import { panelSubject } from './subject.ts';

keepsTheContract('panel', panelSubject);
